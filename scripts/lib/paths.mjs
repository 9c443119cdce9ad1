import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Local tools (pnpm), stamps and logs of the set-up; nothing in it is committed. */
export const tools = join(root, '.tools');

/** The prefix of the running Node, under which its headers lie. */
export const nodePrefix = dirname(dirname(process.execPath));

/**
 * Environment of every child: local tools and the running Node first on the PATH, headers named for native builds,
 * and without npm's own variables, which would silence or redirect a nested npm or pnpm.
 */
export function childEnvironment(extra = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(lifecycle|package|command|execpath|node_execpath)/.test(name) &&
      !/^npm_config_(loglevel|local_prefix|global_prefix|prefix|noproxy|json)$/.test(name),
  );
  const path = [
    join(tools, 'node_modules', '.bin'),
    join(root, 'node_modules', '.bin'),
    dirname(process.execPath),
    process.env.PATH ?? '',
    join(process.env.HOME ?? '/', '.cargo', 'bin'),
  ];
  return {
    ...Object.fromEntries(kept),
    PATH: path.join(':'),
    npm_config_nodedir: nodePrefix,
    CI: process.env.CI ?? 'true',
    ...extra,
  };
}
