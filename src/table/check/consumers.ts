/** Checks the consumers of a branch: each can be read, and what it waits for is there or will be. */
import { ConsumerStore } from '../../snapshot/consumer-store.ts'
import { consumerPath } from '../../snapshot/paths.ts'
import type { CheckContext } from './context.ts'

/** `ids` are those of the snapshots, ascending; changes are kept from `firstChangelogId` on, if that is before them. */
export async function checkConsumers(
  { store, findings, signal }: CheckContext,
  ids: readonly number[],
  firstChangelogId: number | undefined,
): Promise<void> {
  const { io, location } = store
  const consumers = new ConsumerStore(io, location)
  const latest = ids.at(-1) ?? 0
  const earliest = Math.min(firstChangelogId ?? Infinity, ids[0] ?? 1)
  for (const name of await consumers.list({ signal })) {
    const path = consumerPath(location, name)
    const next = await findings.attempt(path, () => consumers.find(name, { signal }))
    // It may be deleted meanwhile.
    if (next === undefined || next === null) continue
    // A snapshot may have come since the snapshots were listed.
    if (next > latest + 1 && !(await store.snapshots.exists(next - 1, { signal })))
      findings.warn(path, `waits for snapshot ${next}, and the latest is ${latest}`)
    else if (next < earliest)
      findings.warn(path, `is to read snapshot ${next}, whose changes have expired`)
  }
}
