// `npm run --silent kfac -- …`: set-up, then the command line in this same process (so that signals and exit codes are its own).
import { main, setup } from './setup.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  const serves = args[0] === 'serve' && !args.includes('--help') && !args.includes('-h');
  // The command line names its engine itself; the service's engines live in its training children.
  await setup(serves ? 'service' : 'core', { quiet: !serves });
  // npm runs scripts in the repository's root; paths that the user typed are relative to where the user stood.
  if (process.env.npm_lifecycle_event === 'kfac' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
  await import('../apps/cli/dist/main.js');
});
