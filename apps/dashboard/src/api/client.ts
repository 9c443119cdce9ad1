import type {
  Capabilities,
  Catalogue,
  Difference,
  DistributionList,
  Field,
  FieldInfo,
  FieldList,
  JsonObject,
  MetricSeries,
  Problem,
  Run,
  RunKind,
  RunSummary,
  SliceField,
} from './types.ts';
import { rangeOf } from '../run/fields.ts';

/** A refusal of the service, or no answer at all (status 0). */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

/** The problem document behind anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return { title: 'Unexpected error', status: 0, detail: error instanceof Error ? error.message : String(error) };
}

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError({
      title: 'The service does not answer',
      status: 0,
      detail: 'Is it running? Trying again may help.',
    });
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  const fallback = { title: response.statusText || 'Request refused', status: response.status };
  throw new ApiError(problem === null ? fallback : { ...fallback, ...(problem as Partial<Problem>) });
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { headers: { accept: 'application/json' }, ...(signal && { signal }) });
  return (await response.json()) as T;
}

async function post<T>(path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method: 'POST' };
  if (body !== undefined) {
    init.headers = { 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  const response = await send(path, init);
  return (await response.json().catch(() => null)) as T;
}

const runPath = (id: string): string => `/v1/runs/${encodeURIComponent(id)}`;

/** Every run, newest first as the service orders them, page by page. */
export async function listRuns(signal?: AbortSignal): Promise<readonly RunSummary[]> {
  const items: RunSummary[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: RunSummary[]; nextCursor: string | null } = await get(`/v1/runs?limit=200${query}`, signal);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && items.length < 2000);
  return items;
}

export const getRun = (id: string, signal?: AbortSignal): Promise<Run> => get(runPath(id), signal);

/** Launches a run; `startFrom` is the run from whose network it starts. */
export const createRun = (kind: RunKind, spec: JsonObject, name?: string, startFrom?: string): Promise<Run> =>
  post('/v1/runs', { kind, spec, ...(name !== undefined && { name }), ...(startFrom !== undefined && { startFrom }) });

/** How far the solution of `other` is from that of `id`. */
export const getDifference = (id: string, other: string, signal?: AbortSignal): Promise<Difference> =>
  get(`${runPath(id)}/difference?to=${encodeURIComponent(other)}`, signal);

export const cancelRun = (id: string): Promise<unknown> => post(`${runPath(id)}/cancel`);

export const resumeRun = (id: string): Promise<unknown> => post(`${runPath(id)}/resume`);

/** All series of a run, or those of `keys`, each decimated by the service to at most `maxPoints`. */
export function getMetrics(
  id: string,
  options: { keys?: readonly string[]; maxPoints?: number; signal?: AbortSignal } = {},
) {
  const query = new URLSearchParams();
  if (options.keys) query.set('keys', options.keys.join(','));
  if (options.maxPoints) query.set('maxPoints', String(options.maxPoints));
  const text = query.toString();
  return get<MetricSeries>(`${runPath(id)}/metrics${text && `?${text}`}`, options.signal);
}

export const getFields = (id: string, signal?: AbortSignal): Promise<FieldList> => get(`${runPath(id)}/fields`, signal);

/** One field's values: little-endian f32, C order. */
export async function getField(id: string, info: FieldInfo, signal?: AbortSignal): Promise<Field> {
  const response = await send(`${runPath(id)}/fields/${encodeURIComponent(info.name)}`, {
    headers: { accept: 'application/octet-stream' },
    ...(signal && { signal }),
  });
  const bytes = new DataView(await response.arrayBuffer());
  const values = new Float32Array(bytes.byteLength / 4);
  for (let k = 0; k < values.length; k++) values[k] = bytes.getFloat32(4 * k, true);
  return { ...info, values, step: Number(response.headers.get('x-step') ?? 0) };
}

/** The fields over two coordinates, the others where `query` says. */
export async function getSlice(id: string, query: string, signal?: AbortSignal): Promise<readonly Field[]> {
  const { fields } = await get<{ fields: readonly SliceField[] }>(`${runPath(id)}/slice?${query}`, signal);
  return fields.map((field) => {
    const values = Float32Array.from(field.values, (value) => value ?? NaN);
    return { ...field, values, range: rangeOf(values) };
  });
}

export const getDistributions = (id: string, signal?: AbortSignal): Promise<DistributionList> =>
  get(`${runPath(id)}/distributions`, signal);

export const getCatalogue = (signal?: AbortSignal): Promise<Catalogue> => get('/v1/catalogue', signal);

export const getCapabilities = (signal?: AbortSignal): Promise<Capabilities> => get('/v1/capabilities', signal);

export const eventsPath = (id: string): string => `${runPath(id)}/events`;

export const exportPath = (id: string, format: string): string => `${runPath(id)}/export?format=${format}`;
