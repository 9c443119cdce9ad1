import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { Json, JsonObject } from '../api/types.ts';
import { blank, humanise, parseNumber, parseNumbers, pointerTo, variantOf, withKey } from './schema.ts';
import type { FormNode } from './schema.ts';
import { JsonField, RecordField } from './collections.tsx';
import { faultAt, refusalOf } from './fault.ts';
import { TextEditor } from './text-editor.tsx';

export interface FieldProps<T extends FormNode = FormNode> {
  readonly node: T;
  readonly label: string;
  /** JSON pointer of the value inside the problem. */
  readonly pointer: string;
  readonly value: Json | undefined;
  readonly required: boolean;
  /** Refusals of the service by pointer. */
  readonly errors: ReadonlyMap<string, string>;
  readonly onChange: (value: Json | undefined) => void;
}

export const fieldId = (pointer: string): string => `field${pointer}`;

/** One place of a problem: the control that its schema asks for. */
export function Field(props: FieldProps) {
  const { node } = props;
  switch (node.type) {
    case 'object':
      return <ObjectField {...props} node={node} />;
    case 'record':
      return <RecordField {...props} node={node} />;
    case 'list':
      return <ListField {...props} node={node} />;
    case 'tuple':
      return <TupleField {...props} node={node} />;
    case 'choice':
      return <ChoiceField {...props} node={node} />;
    case 'enum':
      return <EnumField {...props} node={node} />;
    case 'boolean':
      return <BooleanField {...props} node={node} />;
    case 'number':
      return <TypedField {...props} read={parseNumber} write={plain} />;
    case 'numbers':
      return <TypedField {...props} read={parseNumbers} write={commas} />;
    case 'text':
      return <TextField {...props} />;
    case 'const':
      return null;
    case 'json':
      return <JsonField {...props} />;
  }
}

const plain = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

const commas = (value: Json | undefined): string =>
  Array.isArray(value) ? value.map(String).join(', ') : plain(value);

interface FrameProps {
  readonly props: FieldProps;
  readonly children: (aria: { id: string; 'aria-invalid'?: boolean; 'aria-describedby'?: string }) => ComponentChildren;
}

/** Label, control, hint and refusal of one field. */
function Frame({ props: { label, node, pointer, errors, required }, children }: FrameProps) {
  const id = fieldId(pointer);
  const error = refusalOf(errors, pointer, node.type === 'numbers');
  const described = [node.description !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(
    Boolean,
  );
  return (
    <div class={error === undefined ? 'field' : 'field field-bad'}>
      <label for={id}>
        {label}
        {required && node.fallback === undefined && <span class="required"> required</span>}
      </label>
      {children({
        id,
        ...(error !== undefined && { 'aria-invalid': true }),
        ...(described.length > 0 && { 'aria-describedby': described.join(' ') }),
      })}
      {node.description !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {node.description}
        </p>
      )}
      {error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** The refusal that points at a place. */
export function ErrorText({ pointer, errors }: Pick<FieldProps, 'pointer' | 'errors'>) {
  const error = errors.get(pointer);
  return error === undefined ? null : (
    <p class="field-error" id={`${fieldId(pointer)}-error`}>
      {error}
    </p>
  );
}

/** An equation, a place, an expression, a name. */
function TextField(props: FieldProps) {
  const { node, pointer, value, required, errors, onChange } = props;
  const text = plain(value);
  return (
    <Frame props={props}>
      {(aria) => (
        <TextEditor
          aria={aria}
          text={text}
          fault={faultAt(errors.get(pointer), text)}
          placeholder={plain(node.fallback)}
          onInput={(next) => onChange(next === '' && !required ? undefined : next)}
        />
      )}
    </Frame>
  );
}

interface TypedProps extends FieldProps {
  readonly read: (text: string) => Json | undefined;
  readonly write: (value: Json | undefined) => string;
}

function TypedField({ read, write, ...props }: TypedProps) {
  const [text, setText] = useState(write(props.value));
  // What stands in the field stays as it was typed as long as it means the value.
  const shown = JSON.stringify(read(text)) === JSON.stringify(props.value) ? text : write(props.value);
  return (
    <Frame props={props}>
      {(aria) => (
        <input
          {...aria}
          type="text"
          inputMode="decimal"
          autoComplete="off"
          spellcheck={false}
          value={shown}
          placeholder={props.node.fallback === undefined ? '' : write(props.node.fallback)}
          onInput={(event) => {
            setText(event.currentTarget.value);
            props.onChange(read(event.currentTarget.value));
          }}
        />
      )}
    </Frame>
  );
}

function EnumField(props: FieldProps<FormNode & { type: 'enum' }>) {
  const { node, value, onChange } = props;
  return (
    <Frame props={props}>
      {(aria) => (
        <select {...aria} value={plain(value)} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
          {(node.fallback !== undefined || value === undefined) && (
            <option value="">{node.fallback === undefined ? '' : `${plain(node.fallback)} (default)`}</option>
          )}
          {node.values.map((item) => (
            <option key={item} value={item}>
              {item}
            </option>
          ))}
        </select>
      )}
    </Frame>
  );
}

function BooleanField(props: FieldProps) {
  const { node, label, pointer, value, onChange, errors } = props;
  return (
    <div class="field">
      <label class="check">
        <input
          id={fieldId(pointer)}
          type="checkbox"
          checked={(value ?? node.fallback) === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        {label}
      </label>
      {node.description !== undefined && <p class="hint">{node.description}</p>}
      <ErrorText pointer={pointer} errors={errors} />
    </div>
  );
}

function ObjectField({ node, label, pointer, value, errors, onChange }: FieldProps<FormNode & { type: 'object' }>) {
  const object =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  return (
    <fieldset class="group" id={fieldId(pointer)}>
      <legend>{label}</legend>
      {node.description !== undefined && <p class="hint">{node.description}</p>}
      <ErrorText pointer={pointer} errors={errors} />
      <div class="fields">
        {node.fields.map(({ key, node: inner, required }) => (
          <Field
            key={key}
            node={inner}
            label={humanise(key)}
            pointer={pointerTo(pointer, key)}
            value={object?.[key]}
            required={required}
            errors={errors}
            onChange={(next) => onChange(withKey(object, key, next))}
          />
        ))}
      </div>
    </fieldset>
  );
}

function ChoiceField(props: FieldProps<FormNode & { type: 'choice' }>) {
  const { node, label, pointer, value, errors, onChange } = props;
  const chosen = variantOf(node, value);
  const variant = node.variants[chosen]?.node;
  const id = fieldId(`${pointer}:choice`);
  if (variant === undefined) return null;
  const inner = value ?? (variant.type === 'object' ? (node.fallback ?? blank(variant)) : undefined);
  return (
    <div class={variant.type === 'object' ? 'choice choice-wide' : 'choice'}>
      <div class="field">
        <label for={id}>{label}</label>
        <select
          id={id}
          value={String(chosen)}
          onChange={(event) => {
            const next = node.variants[Number(event.currentTarget.value)]?.node;
            if (next !== undefined) onChange(blank(next));
          }}
        >
          {node.variants.map((item, k) => (
            <option key={item.label} value={String(k)}>
              {item.label}
            </option>
          ))}
        </select>
        {node.description !== undefined && <p class="hint">{node.description}</p>}
        {variant.type === 'const' && <ErrorText pointer={pointer} errors={errors} />}
      </div>
      {hasFields(variant) && (
        <Field {...props} node={variant} label={`${label}: ${node.variants[chosen]?.label ?? ''}`} value={inner} />
      )}
    </div>
  );
}

/** False for a variant that its name alone describes. */
const hasFields = (node: FormNode): boolean =>
  node.type !== 'const' && !(node.type === 'object' && node.fields.every((field) => field.node.type === 'const'));

function TupleField({ node, label, pointer, value, errors, onChange }: FieldProps<FormNode & { type: 'tuple' }>) {
  const items = Array.isArray(value) ? (value as readonly Json[]) : [];
  const names = node.items.length === 2 ? ['from', 'to'] : node.items.map((_, k) => String(k + 1));
  return (
    <div class="tuple" id={fieldId(pointer)} role="group" aria-label={label}>
      {node.items.map((item, k) => (
        <Field
          key={k}
          node={item}
          label={`${label} ${names[k]}`}
          pointer={pointerTo(pointer, k)}
          value={items[k]}
          required
          errors={errors}
          onChange={(next) => onChange(node.items.map((_, j) => (j === k ? (next ?? null) : (items[j] ?? null))))}
        />
      ))}
      <ErrorText pointer={pointer} errors={errors} />
    </div>
  );
}

function ListField({ node, label, pointer, value, errors, onChange }: FieldProps<FormNode & { type: 'list' }>) {
  const items = Array.isArray(value) ? (value as readonly Json[]) : ((node.fallback ?? []) as readonly Json[]);
  const single = label.replace(/s$/, '').toLowerCase();
  const name = single[0]!.toUpperCase() + single.slice(1);
  const set = (next: readonly Json[]): void => onChange(next.length === 0 ? undefined : next);
  return (
    <fieldset class="group" id={fieldId(pointer)}>
      <legend>{label}</legend>
      {node.description !== undefined && <p class="hint">{node.description}</p>}
      <ErrorText pointer={pointer} errors={errors} />
      {items.map((item, k) => (
        <div class="list-row" key={k}>
          <Field
            node={node.item}
            label={node.max === 1 ? name : `${name} ${k + 1}`}
            pointer={pointerTo(pointer, k)}
            value={item}
            required
            errors={errors}
            onChange={(next) => set(items.map((old, j) => (j === k ? (next ?? '') : old)))}
          />
          {items.length > node.min && (
            <button
              type="button"
              class="button button-small"
              aria-label={`Remove ${single} ${k + 1}`}
              onClick={() => set(items.filter((_, j) => j !== k))}
            >
              Remove
            </button>
          )}
        </div>
      ))}
      {items.length < node.max && (
        <button type="button" class="button button-small" onClick={() => set([...items, blank(node.item)])}>
          Add {single}
        </button>
      )}
    </fieldset>
  );
}
