// `npm run bench`: the speed table of docs/benchmarks.md, ours and PyTorch's in alternation, one process at a time.
// The peer lives in a virtual environment of its own, filled from PyPI. `--quick` takes few repetitions and writes nothing;
// `--only NAME` (repeatable) picks workloads; `--rounds N` alternates N times. `--accuracy`: seconds to an error instead, ours alone.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/paths.mjs';
import { run, runLogged, say } from './lib/run.mjs';
import { contentHash, isFresh, writeStamp } from './lib/stamp.mjs';
import { SetupError, main, setup } from './setup.mjs';

const venv = join(root, 'bench', '.venv');

/** PyTorch and NumPy from PyPI. The only Linux wheel there brings its CUDA libraries along: some gigabytes, unused. */
async function installPeer() {
  const hash = contentHash(['bench/peer/requirements.txt']);
  if (isFresh('peer', hash, ['bench/.venv/bin/python'])) return;
  say('bench: installing the peer (PyTorch) into bench/.venv …');
  if (!existsSync(join(venv, 'bin', 'pip'))) await runLogged('peer', 'python3', ['-m', 'venv', venv]);
  await runLogged('peer', join(venv, 'bin', 'pip'), ['install', '--quiet', '-r', 'bench/peer/requirements.txt']);
  await runLogged('peer', join(venv, 'bin', 'python'), ['-c', 'import torch; torch.ones(2) @ torch.ones(2)']);
  writeStamp('peer', hash);
}

await main(async () => {
  await setup('service');
  await runLogged('bench', 'tsc', ['-b', 'bench']);
  if (!process.argv.includes('--accuracy')) await installPeer();
  const code = await run(process.execPath, ['bench/dist/main.js', ...process.argv.slice(2)], {
    env: { KFAC_NATIVE: 'require' },
  });
  if (code !== 0) throw new SetupError(`bench: ended with ${code}`);
});
