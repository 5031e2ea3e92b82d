/** `completion`: prints the script that makes a shell complete command lines. */
import { invalid } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { show } from '../../util/show.ts'
import type { CommandRun } from '../command.ts'
import { SCRIPTS, SHELLS } from '../completion/shells.ts'
import { EXIT } from '../failure.ts'
import { StreamOutput } from '../streams.ts'

export async function completionCommand({
  arguments: given,
  streams,
}: CommandRun): Promise<number> {
  const [name = ''] = given
  const shell = SHELLS.find((each) => each === name)
  if (shell === undefined)
    throw invalid(`there is no completion for ${show(name)}${didYouMean(name, SHELLS)}`, {
      hint: `there is one for ${SHELLS.join(', ')}`,
    })
  const out = new StreamOutput(streams.stdout)
  await out.write(SCRIPTS[shell])
  await out.close()
  return EXIT.done
}
