/** The page of `millrace inspect` in Chromium: offline, on a phone, in the dark, with a keyboard, and with hostile names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { inspectionPage } from '../../src/cli/inspect/page.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { createRowTable, openRowTable } from '../support/row-tables.ts'
import { BrowserPage, findBrowser } from './support/browser.ts'

const program = findBrowser()
if (program === null)
  process.stderr.write(
    'browser-inspect is skipped: no chromium is installed, and CHROMIUM names none\n',
  )

const HOSTILE = `<img src=x onerror=alert(1)>"'</script><script>alert(2)</script>`

/** A table with tags, schemas, deletes and partitions of hostile names, whose buckets have several runs. */
async function hostilePage(): Promise<string> {
  const io = new MemoryFileIO()
  const root = 'memory://browser/t'
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: 2, 'write-only': true },
    comment: HOSTILE,
  })
  const first = await openRowTable(io, root)
  for (let i = 0; i < 12; i++)
    await first.write(
      Array.from({ length: 20 }, (_, id) => ({
        dt: i % 3 === 0 ? HOSTILE : `2026-11-0${1 + (id % 3)}`,
        id: id * (i + 1),
        v: HOSTILE,
      })),
    )
  await first.delete([{ dt: HOSTILE, id: 0n }])
  await first.tags.create(`v1 ${HOSTILE.replaceAll('/', '')}`, { at: { snapshot: 3 } })
  const table = await first.alter([{ action: 'addColumn', column: HOSTILE, type: 'STRING' }])
  await table.write([{ dt: 'x', id: 1, v: 'x' }])
  const seen = await table.inspect()
  return inspectionPage({ ...seen, table: `db.${HOSTILE}` }, { madeMillis: 0, version: '1' })
}

describe.skipIf(program === null)('the page of a table in a browser', () => {
  let page: BrowserPage
  let directory: string
  let url: string

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-page-'))
    const file = join(directory, 'page.html')
    writeFileSync(file, await hostilePage())
    url = pathToFileURL(file).href
    page = new BrowserPage(program!)
    await page.start()
  })
  afterAll(async () => {
    await page?.[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })
  beforeEach(async () => {
    page.events.length = 0
    await show({ width: 1280 })
  })

  async function show(
    { width, dark = false }: { width: number; dark?: boolean },
    height = 800,
  ): Promise<void> {
    await page.send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    })
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    })
    await page.open(url)
  }

  test('it asks for nothing but itself, breaks no policy, and runs nothing that names say', async () => {
    const told = page.events.map(({ method }) => method)
    for (const method of [
      'Runtime.exceptionThrown',
      'Log.entryAdded',
      'Page.javascriptDialogOpening',
    ])
      expect(told).not.toContain(method)
    const requests = page.events
      .filter(({ method }) => method === 'Network.requestWillBeSent')
      .map(({ params }) => (params['request'] as { url: string }).url)
      .filter((each) => !each.startsWith('data:'))
    expect(requests).toEqual([url])
    expect(await page.evaluate('document.images.length')).toBe(0)
    expect(await page.evaluate('document.scripts.length')).toBe(1)
    expect(await page.evaluate('document.querySelector("h1").textContent')).toBe(`db.${HOSTILE}`)
  })

  test('a script that is put into it does not run', async () => {
    await page.evaluate(`{
      const script = document.createElement('script')
      script.textContent = 'globalThis.ran = true'
      document.body.append(script)
      document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/" onerror="ran = true">')
      new Promise((resolve) => setTimeout(resolve, 50))
    }`)
    expect(await page.evaluate('typeof globalThis.ran')).toBe('undefined')
    expect(page.events.map(({ method }) => method)).toContain('Log.entryAdded')
  })

  test.each([320, 768])('nothing is wider than a window of %i pixels', async (width) => {
    await show({ width })
    await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  })

  test.each([false, true])('all text can be read, where it is dark: %s', async (dark) => {
    await show({ width: 1280, dark })
    await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true')
    const { ground, pale } = await page.evaluate<{ ground: number; pale: string[] }>(CONTRASTS)
    expect(ground > 0.5).toBe(!dark)
    expect(pale).toEqual([])
  })

  test('the arrow keys choose snapshots and files', async () => {
    await page.press('Tab')
    expect(await page.evaluate('document.activeElement.className')).toBe('skip')
    await page.press('Enter')
    await page.evaluate('document.querySelector("svg[role=listbox]").focus()')
    await page.press('ArrowRight')
    const told = (id: string): Promise<string> =>
      page.evaluate(`document.getElementById(${JSON.stringify(id)}).textContent`)
    expect(await told('told-snapshot')).toMatch(/^Snapshot 14, append, /)
    await page.press('Home', 'ArrowRight', 'ArrowRight')
    expect(await told('told-snapshot')).toContain(`tags v1 ${HOSTILE.replaceAll('/', '')}`)
    await page.press('Escape')
    expect(await told('told-snapshot')).toMatch(/^Choose a snapshot/)

    await page.evaluate('document.querySelector(".tree [role=listbox]").focus()')
    await page.press('ArrowDown')
    const first = await told('told-0')
    await page.press('ArrowDown')
    const second = await told('told-0')
    expect(first).toMatch(/^data-.* · level 0 · /)
    expect(second).not.toBe(first)
    await page.press('ArrowUp')
    expect(await told('told-0')).toBe(first)
    const chosen = 'document.activeElement.getAttribute("aria-activedescendant")'
    expect(await page.evaluate(`document.getElementById(${chosen}).ariaSelected`)).toBe('true')
  })

  test('everything that takes the focus is reached by Tab, is seen there, and has a name', async () => {
    const count = await page.evaluate<number>(
      '[...document.querySelectorAll("a, input, summary, [tabindex]")].filter((each) => each.checkVisibility()).length',
    )
    const seen = new Set<string>()
    for (let i = 0; i < count; i++) {
      await page.press('Tab')
      seen.add(await page.evaluate<string>(FOCUSED))
    }
    expect([...seen].filter((each) => each.includes('!'))).toEqual([])
    expect(seen.size).toBe(count)
    const { nodes } = (await page.send('Accessibility.getFullAXTree')) as {
      nodes: { role?: { value: string }; name?: { value: string } }[]
    }
    const named = nodes.filter(({ role }) => NAMED.has(role?.value ?? ''))
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter(({ name }) => (name?.value ?? '') === '')).toEqual([])
  })

  test('the pointer chooses files, and a filter trees', async () => {
    const { x, y } = await page.evaluate<{ x: number; y: number }>(`{
      const file = document.querySelector('.tree [role=option] rect')
      file.scrollIntoView({ block: 'center' })
      const { left, top, width, height } = file.getBoundingClientRect()
      ;({ x: left + width / 2, y: top + height / 2 })
    }`)
    await page.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y })
    expect(await page.evaluate('document.getElementById("told-0").textContent')).toMatch(/^data-/)
    const trees = await page.evaluate<number>('document.querySelectorAll(".tree").length')
    await page.evaluate('document.getElementById("filter").focus()')
    await page.send('Input.insertText', { text: '2026-11-02, bucket 1' })
    const shown = '[...document.querySelectorAll(".tree")].filter((each) => !each.hidden).length'
    expect(trees).toBeGreaterThan(4)
    expect(await page.evaluate(shown)).toBe(1)
    expect(await page.evaluate('document.getElementById("filtered").textContent')).toBe('1 shown')
  })

  test('without scripts everything is there, in tables', async () => {
    await page.send('Emulation.setScriptExecutionDisabled', { value: true })
    try {
      await page.open(url)
      const { root } = (await page.send('DOM.getDocument', { depth: 0 })) as {
        root: { nodeId: number }
      }
      const countOf = async (selector: string): Promise<number> => {
        const found = await page.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector })
        return (found['nodeIds'] as number[]).length
      }
      const files = await countOf('.tree [role=option]')
      expect(await countOf('.tree details tbody tr')).toBe(files)
      expect(await countOf('#timeline ~ details tbody tr')).toBe(14)
      expect(await countOf('.asks:not([hidden])')).toBe(0)
    } finally {
      await page.send('Emulation.setScriptExecutionDisabled', { value: false })
    }
  })
})

const NAMED = new Set(['listbox', 'option', 'region', 'link', 'searchbox', 'textbox', 'image'])

/** What has the focus, with `!` where it cannot be seen that it has. */
const FOCUSED = `{
  const element = document.activeElement
  const { outlineStyle, outlineWidth } = getComputedStyle(element)
  const { width, height } = element.getBoundingClientRect()
  const all = [...document.querySelectorAll('a, input, summary, [tabindex]')]
  const isSeen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && width > 0 && height > 0
  element.tagName + all.indexOf(element) + (isSeen ? '' : '!')
}`

/** The luminance of the ground, and texts whose contrast with what is behind them is under 4.5. */
const CONTRASTS = `{
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number)
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const groundOf = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const color = rgb(getComputedStyle(each).backgroundColor)
      if (color.length === 3 || color[3] === 1) return color
    }
    return [255, 255, 255]
  }
  const pale = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (node.data.trim() === '' || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue
    const style = getComputedStyle(element)
    const ink = luminance(rgb(element instanceof SVGElement ? style.fill : style.color))
    const ground = luminance(groundOf(element))
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)
    if (contrast < 4.5) pale.push(node.data.trim().slice(0, 40) + ' ' + contrast.toFixed(2))
  }
  ;({ ground: luminance(groundOf(document.body)), pale })
}`
