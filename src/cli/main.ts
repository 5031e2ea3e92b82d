#!/usr/bin/env node
/** The command `millrace`. What it is made of is loaded only where it can run. */
const OLDEST_NODE = [22, 15] as const

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isNewEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
if (isNewEnough) {
  const { keepCompiled } = await import('./compile-cache.ts')
  keepCompiled(process.env)
  const { runProcess } = await import('./process.ts')
  await runProcess()
} else {
  process.stderr.write(`error UNSUPPORTED: Node ${process.versions.node} is too old for millrace
hint: install Node ${OLDEST_NODE.join('.')} or newer, or run npx -p node@24 -p millrace millrace
`)
  process.exitCode = 1
}
