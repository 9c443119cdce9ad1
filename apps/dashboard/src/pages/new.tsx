import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { createRun, getCatalogue, getRun, problemOf } from '../api/client.ts';
import type { Catalogue, CatalogueEntry, JsonObject, Problem, RunKind } from '../api/types.ts';
import { ProblemView } from '../components/problem-view.tsx';
import { Segmented } from '../components/segmented.tsx';
import { fieldId } from '../form/field.tsx';
import { ProblemForm } from '../form/problem-form.tsx';
import { formOf } from '../form/schema.ts';
import type { FormNode } from '../form/schema.ts';
import { StudyForm } from '../form/study-form.tsx';
import { problemIn, studyOf } from '../form/study.ts';
import { formatJson } from '../format.ts';
import { navigate, query } from '../router.tsx';
import { usePage } from './page.ts';

interface Draft {
  readonly kind: RunKind;
  readonly name: string;
  readonly preset: string | null;
  readonly spec: JsonObject;
  /** The run from whose network training starts. */
  readonly start?: { readonly id: string; readonly name: string };
}

const KINDS = [
  { value: 'pinn', label: 'Differential equation' },
  { value: 'hedging', label: 'Hedge' },
  { value: 'study', label: 'Convergence study' },
] as const;

const draftOf = (entry: CatalogueEntry, kind: RunKind = entry.kind): Draft => ({
  kind,
  name: entry.name,
  preset: entry.name,
  spec: kind === 'study' ? studyOf(entry.spec) : entry.spec,
});

/** The presets of a kind: a study is of any differential equation. */
const presetsOf = ({ items }: Catalogue, kind: RunKind): readonly CatalogueEntry[] =>
  items.filter((item) => item.kind === (kind === 'study' ? 'pinn' : kind));

/** The draft of another kind: a problem becomes its study and a study its problem, else the first preset. */
function ofKind(draft: Draft, kind: RunKind, catalogue: Catalogue): Draft {
  const { name, preset, spec } = draft;
  if (draft.kind === 'pinn' && kind === 'study') return { kind, name, preset, spec: studyOf(spec) };
  if (draft.kind === 'study' && kind === 'pinn') return { kind, name, preset, spec: problemIn(spec) };
  const entry = presetsOf(catalogue, kind)[0];
  return entry === undefined ? { kind, name: '', preset: null, spec: {} } : draftOf(entry, kind);
}

/** Describing and launching a run. */
export function NewRunPage() {
  usePage('New run');
  const [catalogue, setCatalogue] = useState<Catalogue | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const load = async (): Promise<void> => {
      setProblem(null);
      const found = await getCatalogue(abort.signal);
      const first = await firstDraft(found, query.peek(), abort.signal);
      setDraft(first);
      setCatalogue(found);
    };
    load().catch((error: unknown) => !abort.signal.aborted && setProblem(problemOf(error)));
    return () => abort.abort();
  }, [attempt]);
  return (
    <>
      <header class="page-head">
        <div>
          <h1>New run</h1>
          <p class="lead">Choose a problem and change what you like. What is left empty takes its default.</p>
        </div>
      </header>
      {problem !== null && <ProblemView problem={problem} onRetry={() => setAttempt(attempt + 1)} />}
      {catalogue === null || draft === null ? (
        problem === null && <p class="empty">Reading the catalogue …</p>
      ) : (
        <Editor catalogue={catalogue} initial={draft} />
      )}
    </>
  );
}

/** The run to copy or the preset that the address names, else the first preset. */
async function firstDraft(catalogue: Catalogue, wanted: URLSearchParams, signal: AbortSignal): Promise<Draft> {
  const from = wanted.get('from');
  if (from !== null) {
    const { kind, name, spec } = await getRun(from, signal);
    return { kind, name, preset: null, spec, ...(wanted.has('start') && { start: { id: from, name } }) };
  }
  const preset = wanted.get('preset');
  const entry = catalogue.items.find((item) => item.name === preset) ?? catalogue.items[0];
  return entry === undefined ? { kind: 'pinn', name: '', preset: null, spec: {} } : draftOf(entry);
}

function Editor({ catalogue, initial }: { catalogue: Catalogue; initial: Draft }) {
  const [draft, setDraft] = useState(initial);
  const [text, setText] = useState(formatJson(initial.spec));
  const [syntax, setSyntax] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [starts, setStarts] = useState(true);
  const [busy, setBusy] = useState(false);
  const summary = useRef<HTMLDivElement>(null);
  const schema = catalogue.schemas[draft.kind];
  const form = useMemo(() => formOf(schema) as FormNode & { type: 'object' }, [schema]);
  const problemSchema = catalogue.schemas.pinn;
  const problemForm = useMemo(() => formOf(problemSchema) as FormNode & { type: 'object' }, [problemSchema]);
  const errors = useMemo(() => errorsOf(problem), [problem]);

  const take = (next: Draft): void => {
    setDraft(next);
    setText(formatJson(next.spec));
    setSyntax(null);
    setProblem(null);
  };
  const presets = presetsOf(catalogue, draft.kind);
  const change = (spec: JsonObject): void => {
    setDraft({ ...draft, spec });
    setText(formatJson(spec));
  };
  const launch = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const name = draft.name.trim();
      const run = await createRun(
        draft.kind,
        draft.spec,
        name === '' ? undefined : name,
        starts ? draft.start?.id : undefined,
      );
      navigate(`/runs/${run.id}`);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
      setTimeout(() => summary.current?.focus());
    }
  };
  return (
    <form
      class="launch"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy && syntax === null) void launch();
      }}
    >
      <div class="launch-head">
        <Segmented
          legend="Kind"
          name="kind"
          value={draft.kind}
          options={KINDS}
          onChange={(kind) => take(ofKind(draft, kind, catalogue))}
        />
        <fieldset class="presets">
          <legend>Preset</legend>
          <div class="preset-list">
            {presets.map((entry) => (
              <label key={entry.name} class="preset">
                <input
                  type="radio"
                  name="preset"
                  value={entry.name}
                  checked={draft.preset === entry.name}
                  onChange={() => take(draftOf(entry, draft.kind))}
                />
                <span class="preset-body">
                  <span class="preset-name">{entry.name}</span>
                  <span class="preset-title">{entry.title}</span>
                  <span class="preset-text">{entry.description}</span>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
      </div>
      {problem !== null && (
        <div ref={summary} tabIndex={-1} class="launch-problem">
          <ProblemSummary problem={problem} errors={errors} />
        </div>
      )}
      <div class="launch-columns">
        <div class="launch-form">
          {syntax === null && draft.kind === 'study' && (
            <StudyForm
              key={`study ${draft.preset ?? ''}`}
              form={form}
              problem={problemForm}
              spec={draft.spec}
              errors={errors}
              onChange={change}
            />
          )}
          {syntax === null && draft.kind !== 'study' && (
            <ProblemForm
              key={`${draft.kind} ${draft.preset ?? ''}`}
              form={form}
              spec={draft.spec}
              errors={errors}
              onChange={change}
            />
          )}
          {syntax !== null && (
            <div class="notice notice-warning">
              <p class="notice-title">The JSON beside cannot be read</p>
              <p>The form comes back when it is mended: {syntax}</p>
            </div>
          )}
        </div>
        <aside class="launch-side" aria-label="Launch">
          <div class="card">
            <div class="field">
              <label for="run-name">Name</label>
              <input
                id="run-name"
                type="text"
                maxLength={200}
                autoComplete="off"
                value={draft.name}
                onInput={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
              />
            </div>
            {draft.start !== undefined && (
              <label class="check">
                <input type="checkbox" checked={starts} onChange={(event) => setStarts(event.currentTarget.checked)} />
                Start from the network of {draft.start.name}
              </label>
            )}
            <button type="submit" class="button button-primary button-wide" disabled={busy || syntax !== null}>
              {busy ? 'Launching …' : 'Launch'}
            </button>
          </div>
          <div class="card">
            <div class={syntax === null ? 'field' : 'field field-bad'}>
              <label for="spec-json">Problem as JSON</label>
              <textarea
                id="spec-json"
                class="code"
                rows={28}
                spellcheck={false}
                value={text}
                aria-invalid={syntax !== null}
                aria-describedby="spec-json-note"
                onInput={(event) => {
                  setText(event.currentTarget.value);
                  const read = readJson(event.currentTarget.value);
                  setSyntax(read.fault);
                  if (read.spec !== null) setDraft({ ...draft, spec: read.spec });
                }}
              />
              <p class={syntax === null ? 'hint' : 'field-error'} id="spec-json-note" role="status">
                {syntax ?? 'In step with the form: change either.'}
              </p>
            </div>
          </div>
        </aside>
      </div>
    </form>
  );
}

function readJson(text: string): { spec: JsonObject | null; fault: string | null } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { spec: value as JsonObject, fault: null };
    return { spec: null, fault: 'expected an object { … }' };
  } catch (error) {
    return { spec: null, fault: error instanceof Error ? error.message : String(error) };
  }
}

/** Refusals by their place inside the problem. */
function errorsOf(problem: Problem | null): ReadonlyMap<string, string> {
  return new Map((problem?.errors ?? []).map((error) => [error.pointer.replace(/^\/spec(?=\/|$)/, ''), error.detail]));
}

/** What the service refuses, with a way to each place. */
function ProblemSummary({ problem, errors }: { problem: Problem; errors: ReadonlyMap<string, string> }) {
  if (errors.size === 0) return <ProblemView problem={problem} />;
  return (
    <div class="notice notice-bad" role="alert">
      <p class="notice-title">{problem.title}</p>
      <ul class="error-list">
        {[...errors].map(([pointer, detail]) => (
          <li key={pointer}>
            <button type="button" class="link" onClick={() => focusField(pointer)}>
              {pointer === '' ? 'problem' : pointer.slice(1).replaceAll('/', ' › ')}
            </button>
            : {detail}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Goes to the field of a pointer, to the character at fault if one is marked, or to the nearest field around it that the form shows. */
function focusField(pointer: string): void {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const element = document.getElementById(fieldId(at)) ?? document.getElementById(fieldId(`${at}:choice`));
    if (element === null) continue;
    const control = element.matches('input, select, textarea')
      ? element
      : element.querySelector<HTMLElement>('input, select, textarea, button');
    (control as HTMLElement | null)?.focus();
    const fault = Number(control?.getAttribute('data-fault') ?? NaN);
    if (control instanceof HTMLTextAreaElement && fault >= 0) control.setSelectionRange(fault, fault + 1);
    element.scrollIntoView({ block: 'center' });
    return;
  }
  document.getElementById('spec-json')?.focus();
}
