import { useLayoutEffect, useRef } from 'preact/hooks';

interface ConfirmDialogProps {
  readonly open: boolean;
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly dismiss: string;
  readonly onConfirm: () => void;
  readonly onDismiss: () => void;
}

/** Asks before something that cannot be undone. Escape dismisses it. */
export function ConfirmDialog({ open, title, text, confirm, dismiss, onConfirm, onDismiss }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (open && dialog.current?.open === false) dialog.current.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onClose={onDismiss}>
      <h2 id="dialog-title">{title}</h2>
      <p>{text}</p>
      <div class="actions">
        <button type="button" class="button" onClick={onDismiss}>
          {dismiss}
        </button>
        <button type="button" class="button button-danger" onClick={onConfirm}>
          {confirm}
        </button>
      </div>
    </dialog>
  );
}
