import { useState } from 'preact/hooks';
import type { Json, JsonObject } from '../api/types.ts';
import { formatJson } from '../format.ts';
import { ErrorText, Field, fieldId } from './field.tsx';
import type { FieldProps } from './field.tsx';
import { blank, pointerTo, withKey } from './schema.ts';
import type { FormNode } from './schema.ts';

/** Values under names that the user gives. */
export function RecordField({
  node,
  label,
  pointer,
  value,
  errors,
  onChange,
}: FieldProps<FormNode & { type: 'record' }>) {
  const [name, setName] = useState('');
  const object = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  const add = (): void => {
    const key = name.trim();
    if (key === '' || key in object) return;
    onChange({ ...object, [key]: blank(node.value) });
    setName('');
  };
  return (
    <fieldset class="group" id={fieldId(pointer)}>
      <legend>{label}</legend>
      {node.description !== undefined && <p class="hint">{node.description}</p>}
      <ErrorText pointer={pointer} errors={errors} />
      {Object.entries(object).map(([key, item]) => (
        <div class="list-row" key={key}>
          <Field
            node={node.value}
            label={key}
            pointer={pointerTo(pointer, key)}
            value={item}
            required
            errors={errors}
            onChange={(next) => onChange({ ...object, [key]: next ?? '' })}
          />
          <button
            type="button"
            class="button button-small"
            aria-label={`Remove ${key}`}
            onClick={() => onChange(withKey(object, key, undefined))}
          >
            Remove
          </button>
        </div>
      ))}
      <div class="add-row">
        <label for={`${fieldId(pointer)}:new`} class="visually-hidden">
          New name for {label.toLowerCase()}
        </label>
        <input
          id={`${fieldId(pointer)}:new`}
          type="text"
          autoComplete="off"
          spellcheck={false}
          placeholder="name"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            add();
          }}
        />
        <button type="button" class="button button-small" onClick={add}>
          Add
        </button>
      </div>
    </fieldset>
  );
}

/** A value of any form, as JSON. */
export function JsonField({ label, pointer, value, errors, onChange }: FieldProps) {
  const [text, setText] = useState(value === undefined ? '' : formatJson(value));
  return (
    <div class="field">
      <label for={fieldId(pointer)}>{label}</label>
      <textarea
        id={fieldId(pointer)}
        rows={3}
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          const parsed = tryParse(event.currentTarget.value);
          if (parsed.ok) onChange(parsed.value);
        }}
      />
      <ErrorText pointer={pointer} errors={errors} />
    </div>
  );
}

function tryParse(text: string): { ok: true; value: Json | undefined } | { ok: false } {
  if (text.trim() === '') return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch {
    return { ok: false };
  }
}
