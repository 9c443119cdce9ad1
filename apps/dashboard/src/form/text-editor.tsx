interface TextEditorProps {
  /** Id of the control and what describes it. */
  readonly aria: { readonly id: string; 'aria-invalid'?: boolean; 'aria-describedby'?: string };
  readonly text: string;
  /** The character to mark, counted from 0; null for none. */
  readonly fault: number | null;
  readonly placeholder: string;
  readonly onInput: (text: string) => void;
}

/**
 * A text of one paragraph that grows with what stands in it: an equation, a place, an expression. Behind the control lies the
 * same text in the same letters, which gives the height and carries the mark. Enter sends the form, as in any other field.
 */
export function TextEditor({ aria, text, fault, placeholder, onInput }: TextEditorProps) {
  const at = fault ?? text.length;
  return (
    <div class="editor">
      <div class="editor-text" aria-hidden="true">
        {text.slice(0, at)}
        {fault !== null && <mark>{text[at] ?? ' '}</mark>}
        {text.slice(at + 1) || '\u200b'}
      </div>
      <textarea
        {...aria}
        rows={1}
        autoComplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={text}
        placeholder={placeholder}
        {...(fault !== null && { 'data-fault': fault })}
        onInput={(event) => onInput(event.currentTarget.value.replaceAll(/\s*[\r\n]+\s*/g, ' '))}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.isComposing) return;
          event.preventDefault();
          event.currentTarget.form?.requestSubmit();
        }}
      />
    </div>
  );
}
