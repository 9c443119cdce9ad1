import { ours, peer } from './processes.ts';
import { firstMetricSeconds } from './service.ts';
import { median } from './workloads.ts';
import type { Measured } from './workloads.ts';

/** How thoroughly to measure. */
export interface Effort {
  /** Times that ours and the peer alternate. */
  readonly rounds: number;
  /** Steps that one process times. */
  readonly steps: number;
  readonly seeds: number;
}

/** One line of the table. */
export interface Row {
  readonly workload: string;
  readonly reach: string;
  readonly ours: string;
  readonly peer: string;
  /** Peer's seconds over ours. */
  readonly ratio: string;
}

/** A measurement by name: `npm run bench -- --only NAME` picks it. */
export interface Benchmark {
  readonly name: string;
  run(effort: Effort): Promise<readonly Row[]>;
}

type PeerSettings = Readonly<Record<string, string | number>>;

/** The fastest of several settings of the peer, by one short run each: it competes with its best. */
async function bestSettings(script: string, candidates: readonly PeerSettings[]): Promise<PeerSettings> {
  const tried: { settings: PeerSettings; seconds: number }[] = [];
  for (const settings of candidates) tried.push({ settings, seconds: (await peer(script, settings)).seconds });
  return tried.reduce((best, next) => (next.seconds < best.seconds ? next : best)).settings;
}

/** Runs all in turn, round after round, one process at a time: median seconds of each. */
async function alternate(rounds: number, ...all: (() => Promise<Measured>)[]): Promise<number[]> {
  const times = all.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [k, one] of all.entries()) times[k]!.push((await one()).seconds);
  return times.map(median);
}

async function repeated(rounds: number, us: (round: number) => Promise<Measured>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push((await us(round)).seconds);
  return median(times);
}

const ms = (seconds: number): string => `${(1000 * seconds).toPrecision(3)} ms`;
const s = (seconds: number): string => (Number.isFinite(seconds) ? `${seconds.toPrecision(3)} s` : 'not reached');
const millions = (rate: number): string => `${(rate / 1e6).toPrecision(3)} M/s`;
const times = (ratio: number): string => (Number.isFinite(ratio) ? `${ratio.toPrecision(3)}×` : '–');
const threadsOf = ({ threads }: PeerSettings): string => `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
const compiled = ({ compile }: PeerSettings): string => (compile === 'none' || compile === 0 ? 'eager' : 'compiled');

/** The fastest settings of the peer's K-FAC step. */
function bestKfacSettings(steps: number): Promise<PeerSettings> {
  return bestSettings(
    'pinn_kfac.py',
    [1, 2].map((threads) => ({ threads, steps })),
  );
}

const pinnKfac: Benchmark = {
  name: 'pinn-kfac',
  async run({ rounds, steps }) {
    const best = await bestKfacSettings(Math.min(steps, 50));
    const [us, them] = (await alternate(
      rounds,
      () => ours('pinn-kfac', { threads: 1, steps }),
      () => peer('pinn_kfac.py', { ...best, steps }),
    )) as [number, number];
    return [
      {
        workload: 'P2/S, one K-FAC* step, everything included, one core',
        reach: '≤ 2.5 ms',
        ours: ms(us),
        peer: `${ms(them)} (${threadsOf(best)})`,
        ratio: times(them / us),
      },
    ];
  },
};

const radius: Benchmark = {
  name: 'radius',
  async run({ rounds, steps }) {
    const gram = await repeated(rounds, () => ours('radius-gram', { threads: 2, steps: Math.min(steps, 40) }));
    const qr = await repeated(rounds, () => ours('radius-qr', { threads: 2, steps: Math.min(steps, 40) }));
    return [
      {
        workload: 'P2/S, one radius step with its probes, Gram form, two threads',
        reach: '≤ 5 ms',
        ours: ms(gram),
        peer: '–',
        ratio: '–',
      },
      {
        workload: 'P2/S, one radius step with its probes, QR form, two threads',
        reach: '≤ 9 ms',
        ours: ms(qr),
        peer: '–',
        ratio: '–',
      },
    ];
  },
};

const timeToError: Benchmark = {
  name: 'time-to-error',
  async run({ seeds, steps }) {
    const rows: Row[] = [];
    const threads = (await bestKfacSettings(Math.min(steps, 50)))['threads']!;
    for (const [value, reach] of [
      [1e-3, '≤ 0.25 s'],
      [1e-5, '≤ 0.5 s'],
    ] as const) {
      const reached = ({ seconds, reached: isReached }: Measured): number =>
        isReached === true ? seconds : Number.POSITIVE_INFINITY;
      const [us, them]: number[][] = [[], []];
      for (let seed = 1; seed <= seeds; seed++) {
        us!.push(reached(await ours('time-to-error', { threads: 2, seed, value })));
        them!.push(reached(await peer('pinn_kfac.py', { threads, seed, until: value })));
      }
      const result = { ours: median(us!), peer: median(them!) };
      rows.push({
        workload: `P2/S, seconds from the problem to RMSE ${value.toExponential()}, γ* = 0.25, first layer × 4 and last layer by least squares, median of ${seeds} seeds, two threads`,
        reach,
        ours: s(result.ours),
        peer: `${s(result.peer)} (K-FAC*, ${threadsOf({ threads })})`,
        ratio: times(result.peer / result.ours),
      });
    }
    return rows;
  },
};

const heston: Benchmark = {
  name: 'heston',
  async run({ rounds, steps }) {
    const work = Math.min(steps, 20);
    const candidates = [1, 0].flatMap((compile) =>
      [4096, 32_768].map((paths) => ({ threads: 1, compile, paths, steps: 5 })),
    );
    const tried: { settings: PeerSettings; rate: number }[] = [];
    for (const settings of candidates)
      tried.push({ settings, rate: (await peer('heston.py', settings))['pathSteps'] as number });
    const best = tried.reduce((a, b) => (b.rate > a.rate ? b : a)).settings;
    const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    for (let round = 0; round < rounds; round++) {
      rates.ours.push((await ours('heston', { threads: 1, steps: work, value: 32_768 }))['pathSteps'] as number);
      rates.peer.push((await peer('heston.py', { ...best, steps: work }))['pathSteps'] as number);
    }
    const [us, them] = [median(rates.ours), median(rates.peer)];
    return [
      {
        workload: 'Heston QE-M, two normals a step, f64, path-steps per second, one core',
        reach: '≥ 25 M/s',
        ours: millions(us),
        peer: `${millions(them)} (${compiled(best)}, ${best['paths']} paths)`,
        ratio: times(us / them),
      },
    ];
  },
};

const PATH_STEPS = 1024 * 30;

const hedge: Benchmark = {
  name: 'hedge',
  async run({ rounds, steps }) {
    const rows: Row[] = [];
    for (const [threads, reach] of [
      [1, '≥ 1.6 M/s'],
      [2, '≥ 2.8 M/s'],
    ] as const) {
      const best = await bestSettings(
        'hedge_lstm.py',
        ['date', 'none'].map((compile) => ({ threads, compile, steps: Math.min(steps, 10) })),
      );
      const [gradient, peerStep, kfac] = (await alternate(
        rounds,
        () => ours('hedge-gradient', { threads, steps }),
        () => peer('hedge_lstm.py', { ...best, steps: Math.min(steps, 40) }),
        ...(threads === 2 ? [() => ours('hedge-kfac', { threads, steps })] : []),
      )) as [number, number, number?];
      rows.push({
        workload: `LSTM-32 hedge, simulate + forward + backward + gradient + Adam, f32, B = 1024, path-steps per second, ${threadsOf({ threads })}`,
        reach,
        ours: millions(PATH_STEPS / gradient),
        peer: `${millions(PATH_STEPS / peerStep)} (${compiled(best)})`,
        ratio: times(peerStep / gradient),
      });
      if (kfac === undefined) continue;
      rows.push(
        {
          workload: 'the same as a whole K-FAC step, over our gradient step, two threads',
          reach: '≤ 1.9×',
          ours: `${ms(kfac)} = ${times(kfac / gradient)} of ${ms(gradient)}`,
          peer: '–',
          ratio: '–',
        },
        {
          workload: 'the whole K-FAC step against PyTorch’s Adam step, two threads',
          reach: '≥ 2.5× faster',
          ours: ms(kfac),
          peer: `${ms(peerStep)} (${compiled(best)})`,
          ratio: times(peerStep / kfac),
        },
      );
    }
    return rows;
  },
};

const service: Benchmark = {
  name: 'service',
  async run({ rounds }) {
    const seconds = median(await firstMetricSeconds(rounds));
    return [
      {
        workload: 'service: POST /v1/runs to first metric event, while another run trains',
        reach: '< 1 s',
        ours: s(seconds),
        peer: '–',
        ratio: '–',
      },
    ];
  },
};

export const BENCHMARKS: readonly Benchmark[] = [pinnKfac, radius, timeToError, heston, hedge, service];
