// `npm run test:slow`: the catalogue's problems in full, into the table of docs/accuracy.md. Names pick problems,
// `--seconds N` gives each its time (default 60).
import { root } from './lib/paths.mjs';
import { run, runLogged } from './lib/run.mjs';
import { SetupError, main, setup } from './setup.mjs';

await main(async () => {
  await setup('core');
  await runLogged('bench', 'tsc', ['-b', 'bench']);
  const code = await run(process.execPath, ['bench/dist/slow.js', ...process.argv.slice(2)], {
    cwd: root,
    env: { KFAC_NATIVE: 'require' },
  });
  if (code !== 0) throw new SetupError(`test:slow: ended with ${code}`);
});
