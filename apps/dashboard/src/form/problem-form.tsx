import type { Json, JsonObject } from '../api/types.ts';
import { Field } from './field.tsx';
import { humanise, pointerTo, withKey } from './schema.ts';
import type { FormNode } from './schema.ts';

interface ProblemFormProps {
  readonly form: FormNode & { type: 'object' };
  /** JSON pointer of the problem inside what is launched. */
  readonly pointer?: string;
  readonly spec: JsonObject;
  readonly errors: ReadonlyMap<string, string>;
  readonly onChange: (spec: JsonObject) => void;
}

const SIMPLE: ReadonlySet<FormNode['type']> = new Set(['number', 'text', 'enum', 'boolean', 'numbers']);

const isSimple = (node: FormNode): boolean =>
  SIMPLE.has(node.type) ||
  (node.type === 'choice' &&
    node.variants.every((variant) => variant.node.type === 'const' || SIMPLE.has(variant.node.type)));

/** A whole problem: one group for each of its parts, one for what remains. */
export function ProblemForm({ form, pointer = '', spec, errors, onChange }: ProblemFormProps) {
  const field = ({ key, node, required }: (typeof form.fields)[number]) => (
    <Field
      key={key}
      node={node}
      label={humanise(key)}
      pointer={pointerTo(pointer, key)}
      value={spec[key]}
      required={required}
      errors={errors}
      onChange={(next: Json | undefined) => onChange(withKey(spec, key, next) ?? {})}
    />
  );
  return (
    <>
      {form.fields
        .filter((item) => !isSimple(item.node))
        .map((item) => (
          <div class="card form-part" key={item.key}>
            {field(item)}
          </div>
        ))}
      <div class="card form-part">
        <fieldset class="group">
          <legend>General</legend>
          <div class="fields">{form.fields.filter((item) => isSimple(item.node)).map(field)}</div>
        </fieldset>
      </div>
    </>
  );
}
