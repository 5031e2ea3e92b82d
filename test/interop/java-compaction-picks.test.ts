/** What is compacted next, and what is done to the files: the same as Java does, on shapes that were written down and on random ones. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { planOf, type PlanShape } from '../support/compaction-plans.ts'
import { pickOf, readShapes, type Shape, type ShapeRun } from '../support/compaction-shapes.ts'
import { between, type Random, seeded } from '../support/random.ts'
import { findJava, JavaPaimon } from './support/java.ts'

let java: JavaPaimon

beforeAll(async () => {
  java = new JavaPaimon(await findJava())
}, 300_000)
afterAll(async () => {
  await java[Symbol.asyncDispose]()
})

test('Java chooses as the file of shapes says', async () => {
  const shapes = readShapes()
  expect(shapes.length).toBeGreaterThan(60)
  const picks = (await java.ask({ op: 'picks', shapes })) as string[]
  const lines = (texts: readonly string[]): string[] =>
    shapes.map(({ title }, i) => `${title}: ${texts[i]}`)
  expect(lines(picks)).toEqual(lines(shapes.map(({ pick }) => pick)))
})

test('Java chooses the same of 20,000 random shapes', async () => {
  const random = seeded(5)
  const shapes = Array.from({ length: 20_000 }, () => randomShape(random))
  const picks = (await java.ask({ op: 'picks', shapes })) as string[]
  const others = shapes
    .map((shape, i) => ({ shape, ours: pickOf(shape), java: picks[i] }))
    .filter(({ ours, java: theirs }) => ours !== theirs)
  expect(others.slice(0, 3)).toEqual([])
  // There is more than one way to choose among them.
  expect(new Set(picks).size).toBeGreaterThan(40)
})

test('Java does the same to 5,000 random units of files', async () => {
  const random = seeded(6)
  const units = Array.from({ length: 5000 }, () => randomUnit(random))
  const plans = (await java.ask({ op: 'plans', units })) as string[]
  const others = units
    .map((unit, i) => ({ unit, ours: planOf(unit), java: plans[i] }))
    .filter(({ ours, java: theirs }) => ours !== theirs)
  expect(others.slice(0, 3)).toEqual([])
  expect(plans.filter((plan) => plan.includes(' runs')).length).toBeGreaterThan(1000)
  expect(plans.filter((plan) => plan.includes('move')).length).toBeGreaterThan(1000)
})

const chance = (random: Random, percent: number): boolean => between(random, 0, 100) < percent

function randomShape(random: Random): Shape {
  const levels = between(random, 2, 9)
  const full = chance(random, 10)
  const gentleInterval = between(random, 1, 6)
  const orNull = <Value>(value: Value): Value | null => (chance(random, 15) ? value : null)
  return {
    title: '',
    runs: randomRuns(random, levels, full),
    levels,
    trigger: between(random, 2, 8),
    sizeAmplificationPercent: between(random, 0, 400),
    sizeRatio: between(random, 0, 60),
    offPeak: orNull({
      startHour: between(random, 0, 24),
      endHour: between(random, 0, 24),
      ratio: between(random, 0, 100),
    }),
    hour: between(random, 0, 24),
    fullIntervalMs: orNull(60_000),
    lastFullAgoMs: chance(random, 80) ? between(random, 0, 2) * 100_000 + 1000 : null,
    totalBytesMin: orNull(between(random, 0, 4000)),
    incrementalBytesMax: orNull(between(random, 0, 4000)),
    level0: chance(random, 50) ? 'stays' : chance(random, 60) ? 'radical' : { gentleInterval },
    waited: between(random, 0, 9),
    full,
    rewritesAll: chance(random, 20),
    pick: '',
  }
}

/** Sizes grow from run to run, more or less, or all are about the same. */
function randomRuns(random: Random, levels: number, isMarked: boolean): ShapeRun[] {
  const growth = between(random, 100, 400) / 100
  let size = between(random, 1, 50)
  const next = (): number => {
    size *= growth
    return Math.round((size * between(random, 50, 150)) / 100)
  }
  const runs: ShapeRun[] = Array.from({ length: between(random, 0, 9) }, () => ({
    level: 0,
    files: [{ bytes: next(), marked: false }],
  }))
  for (let level = 1; level < levels; level++) {
    if (!chance(random, 40)) continue
    const files = Array.from({ length: between(random, 1, 4) }, () => ({
      bytes: next(),
      marked: isMarked && chance(random, 30),
    }))
    runs.push({ level, files })
  }
  return runs
}

function randomUnit(random: Random): PlanShape {
  const keys = between(random, 5, 200)
  const files = Array.from({ length: between(random, 1, 9) }, () => {
    const min = between(random, 0, keys)
    return {
      bytes: between(random, 1, 140),
      level: between(random, 0, 6),
      min,
      max: min + between(random, 0, 12),
      deletes: chance(random, 70) ? 0 : chance(random, 50) ? 1 : null,
    }
  })
  return {
    files,
    outputLevel: between(random, 1, 6),
    maxLevel: 5,
    smallFileBytes: 70,
    rewritesAll: chance(random, 5),
  }
}
