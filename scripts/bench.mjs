// `npm run bench`: the speed table of docs/benchmarks.md, ours and PyTorch's in alternation, one process at a time.
// `--accuracy`: seconds to an error instead, beside DeepXDE and an SSBroyden on SciPy and JAX. The peers live in a virtual
// environment of their own, filled from PyPI. The options are those of bench/src/options.ts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/paths.mjs';
import { run, runLogged, say } from './lib/run.mjs';
import { contentHash, isFresh, writeStamp } from './lib/stamp.mjs';
import { SetupError, main, setup } from './setup.mjs';

const venv = join(root, 'bench', '.venv');

/**
 * The peers' libraries from PyPI. The only Linux wheel of PyTorch there brings its CUDA libraries along: some gigabytes,
 * unused. `python -m pip`, not `pip`: in a copied folder that one still fills the environment of the original.
 */
async function installPeers() {
  const hash = contentHash(['bench/peer/requirements.txt']);
  if (isFresh('peer', hash, ['bench/.venv/bin/python'])) return;
  say('bench: installing the peers (PyTorch, DeepXDE, SciPy, JAX) into bench/.venv …');
  if (!existsSync(join(venv, 'bin', 'pip'))) await runLogged('peer', 'python3', ['-m', 'venv', venv]);
  const python = join(venv, 'bin', 'python');
  await runLogged('peer', python, ['-m', 'pip', 'install', '--quiet', '-r', 'bench/peer/requirements.txt']);
  const imports = 'import torch, jax, scipy, deepxde; torch.ones(2) @ torch.ones(2)';
  await runLogged('peer', python, ['-c', imports], { env: { DDE_BACKEND: 'pytorch' } });
  writeStamp('peer', hash);
}

await main(async () => {
  await setup('service');
  await runLogged('bench', 'tsc', ['-b', 'bench']);
  if (!process.argv.includes('--no-peers')) await installPeers();
  const code = await run(process.execPath, ['bench/dist/main.js', ...process.argv.slice(2)], {
    env: { KFAC_NATIVE: 'require' },
  });
  if (code !== 0) throw new SetupError(`bench: ended with ${code}`);
});
