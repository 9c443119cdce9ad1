// Runs one workload of ours and prints its measurement as one JSON line: node dist/measure.js NAME '{"threads":1,…}'
import { WORKLOADS } from './workloads.ts';
import type { Settings } from './workloads.ts';

const [name = '', settings = '{}'] = process.argv.slice(2);
const workload = WORKLOADS[name];
if (!workload) throw new Error(`no workload "${name}"; there are ${Object.keys(WORKLOADS).join(', ')}`);
const defaults: Settings = { threads: 1, steps: 200, seed: 1, value: 0, problem: '' };
process.stdout.write(
  `${JSON.stringify(await workload({ ...defaults, ...(JSON.parse(settings) as Partial<Settings>) }))}\n`,
);
