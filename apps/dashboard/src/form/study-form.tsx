import type { Json, JsonObject } from '../api/types.ts';
import { Field } from './field.tsx';
import { ProblemForm } from './problem-form.tsx';
import type { FormNode } from './schema.ts';
import { levelsKey, studySpec, withLevels } from './study.ts';
import type { LevelsKey } from './study.ts';

interface StudyFormProps {
  /** The form of the study itself. */
  readonly form: FormNode & { type: 'object' };
  /** The form of the problem that is studied. */
  readonly problem: FormNode & { type: 'object' };
  readonly spec: JsonObject;
  readonly errors: ReadonlyMap<string, string>;
  readonly onChange: (spec: JsonObject) => void;
}

const REFINED: readonly { readonly key: LevelsKey; readonly label: string; readonly levels: string }[] = [
  { key: 'points', label: 'Collocation points', levels: 'Numbers of points' },
  { key: 'widths', label: 'Width of the hidden layers', levels: 'Widths' },
];

/** A convergence study: what is refined over which levels, from which seeds, and the problem. */
export function StudyForm({ form, problem, spec, errors, onChange }: StudyFormProps) {
  const key = levelsKey(spec);
  const field = (name: string, label: string) => {
    const node = form.fields.find((one) => one.key === name)?.node;
    return (
      node && (
        <Field
          key={name}
          node={node}
          label={label}
          pointer={`/${name}`}
          value={spec[name]}
          required={name === key}
          errors={errors}
          onChange={(next: Json | undefined) => onChange(studySpec(spec, name, next))}
        />
      )
    );
  };
  return (
    <>
      <div class="card form-part">
        <fieldset class="group">
          <legend>Study</legend>
          <div class="fields">
            <div class="field">
              <label for="study-refined">Refined</label>
              <select
                id="study-refined"
                value={key}
                onChange={(event) => onChange(withLevels(spec, event.currentTarget.value as LevelsKey))}
              >
                {REFINED.map((item) => (
                  <option key={item.key} value={item.key}>
                    {item.label}
                  </option>
                ))}
              </select>
            </div>
            {field(key, REFINED.find((item) => item.key === key)!.levels)}
            {field('seeds', 'Seeds')}
          </div>
        </fieldset>
      </div>
      <ProblemForm
        form={problem}
        pointer="/problem"
        spec={(spec['problem'] ?? {}) as JsonObject}
        errors={errors}
        onChange={(next) => onChange({ ...spec, problem: next })}
      />
    </>
  );
}
