/** The shapes of `test/lsm/compaction-shapes.txt`: sorted runs, the options they are compacted by, and what is chosen. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  FIRST_PICK,
  type PickOptions,
  pickRuns,
  type PickState,
  type RunPick,
} from '../../src/lsm/compaction-pick.ts'
import { type CompactionUnit, fullUnit } from '../../src/lsm/compaction-plan.ts'
import type { Levels } from '../../src/lsm/levels.ts'
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'

export interface ShapeFile {
  readonly bytes: number
  /** Whether rows of it are deleted by a vector. */
  readonly marked: boolean
}

export interface ShapeRun {
  readonly level: number
  readonly files: readonly ShapeFile[]
}

export interface Shape extends PickOptions {
  readonly title: string
  readonly runs: readonly ShapeRun[]
  /** How many levels there are. */
  readonly levels: number
  readonly hour: number
  /** How long ago all runs were compacted; null for never. */
  readonly lastFullAgoMs: number | null
  /** How many triggers there were before with the same runs. */
  readonly waited: number
  /** Whether all is to be compacted. */
  readonly full: boolean
  readonly rewritesAll: boolean
  /** `none`, or how many runs, or which files by their numbers, and the level: `3 -> L4`, `f2 f5 -> L5`. */
  readonly pick: string
}

const SHAPES_FILE = join(import.meta.dirname, '../lsm/compaction-shapes.txt')

export function readShapes(): Shape[] {
  const lines = readFileSync(SHAPES_FILE, 'utf8').split('\n')
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#')).map(parseShape)
}

function parseShape(line: string): Shape {
  const [title = '', runs = '', conditions = '', pick = ''] = line
    .split('|')
    .map((cell) => cell.trim())
  return { ...withConditions(conditions), title, runs: runsOf(runs), pick }
}

/** `0:10 0:20v 5:100+200`: of a run its level and the sizes of its files, with `v` if rows of the file are deleted. */
function runsOf(text: string): ShapeRun[] {
  if (text === '-') return []
  return text.split(/\s+/).map((run) => {
    const [level, files = ''] = run.split(':')
    return {
      level: Number(level),
      files: files.split('+').map((file) => ({
        bytes: Number.parseInt(file, 10),
        marked: file.endsWith('v'),
      })),
    }
  })
}

type Conditions = Omit<Shape, 'title' | 'runs' | 'pick'>

function withConditions(text: string): Conditions {
  const given = new Map(
    text.split(/\s+/).map((word): [string, string] => {
      const [name = '', value = ''] = word.split('=')
      return [name, value]
    }),
  )
  const number = (name: string): number | null => {
    const value = given.get(name)
    return value === undefined ? null : Number(value)
  }
  const trigger = number('trigger') ?? 5
  const offPeak = /^(\d+)-(\d+)\+(\d+)$/.exec(given.get('off-peak') ?? '')
  const gentle = number('gentle')
  return {
    trigger,
    levels: number('levels') ?? trigger + 1,
    sizeAmplificationPercent: number('amplification') ?? 200,
    sizeRatio: number('ratio') ?? 1,
    offPeak: offPeak && {
      startHour: Number(offPeak[1]),
      endHour: Number(offPeak[2]),
      ratio: Number(offPeak[3]),
    },
    hour: number('hour') ?? 0,
    fullIntervalMs: seconds(number('interval')),
    lastFullAgoMs: seconds(number('last-full')),
    totalBytesMin: number('total'),
    incrementalBytesMax: number('incremental'),
    level0:
      gentle === null ? (given.has('radical') ? 'radical' : 'stays') : { gentleInterval: gentle },
    waited: number('waited') ?? 0,
    full: given.has('full'),
    rewritesAll: given.has('rewrite-all'),
  }
}

function seconds(value: number | null): number | null {
  return value === null ? null : value * 1000
}

/** What is chosen here, in the words of the file. */
export function pickOf(shape: Shape): string {
  if (shape.full) return fullText(shape)
  const runs = shape.runs.map(({ level, files }) => ({
    level,
    sizeBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }))
  const nowMs = 1_000_000_000
  const moment = { nowMs, hour: shape.hour }
  const { lastFullAgoMs, levels, waited } = shape
  let state: PickState =
    lastFullAgoMs === null ? FIRST_PICK : { ...FIRST_PICK, lastFullMs: nowMs - lastFullAgoMs }
  let pick: RunPick | null = null
  for (let i = 0; i <= waited; i++) ({ pick, state } = pickRuns(levels, runs, shape, state, moment))
  return pick === null ? 'none' : `${pick.runCount} -> L${pick.outputLevel}`
}

function fullText({ runs, levels, rewritesAll }: Shape): string {
  let count = 0
  const named = runs.map(({ level, files }) => ({
    level,
    files: files.map(({ bytes, marked }): DataFileMeta & { readonly marked: boolean } => {
      const fileName = `f${++count}`
      return { fileName, fileSize: bytes, level, marked } as DataFileMeta & { marked: boolean }
    }),
  }))
  const marked = new Set(
    named.flatMap(({ files }) =>
      files.filter((file) => file.marked).map(({ fileName }) => fileName),
    ),
  )
  const of: Levels = {
    keyFields: [],
    levelCount: levels,
    level0: named.filter(({ level }) => level === 0).flatMap(({ files }) => files),
    upper: Array.from(
      { length: levels - 1 },
      (_, i) => named.find(({ level }) => level === i + 1)?.files ?? [],
    ),
  }
  const unit = fullUnit(of, {
    smallFileBytes: 0,
    rewritesAll,
    hasExpired: () => false,
    hasDeletionVector: ({ fileName }) => marked.has(fileName),
  })
  return unit === null ? 'none' : unitText(unit, runs.length)
}

function unitText({ outputLevel, files, rewritesEach }: CompactionUnit, runCount: number): string {
  const what = rewritesEach ? files.map(({ fileName }) => fileName).join(' ') : runCount
  return `${what} -> L${outputLevel}`
}
