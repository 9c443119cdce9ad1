interface SliderProps {
  readonly id: string;
  readonly label: string;
  /** 0 … steps. */
  readonly value: number;
  readonly steps: number;
  /** The value for reading. */
  readonly text: string;
  readonly onChange: (value: number) => void;
}

/** A coordinate that is moved along its interval. */
export function Slider({ id, label, value, steps, text, onChange }: SliderProps) {
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={steps}
        value={value}
        aria-valuetext={`${label} = ${text}`}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      <output for={id}>{text}</output>
    </div>
  );
}
