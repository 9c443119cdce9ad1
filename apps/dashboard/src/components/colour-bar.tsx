import { useEffect, useRef } from 'preact/hooks';
import { gradient } from '../charts/colormap.ts';
import type { ColourScale } from '../charts/colormap.ts';
import { formatNumber } from '../format.ts';

/** The colours of a scale from low to high, with their values. */
export function ColourBar({ scale }: { scale: ColourScale }) {
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => strip.current?.style.setProperty('background', gradient(scale.map, 'to top')), [scale.map]);
  return (
    <div
      class="colour-bar"
      role="img"
      aria-label={`Colours from ${formatNumber(scale.min)} to ${formatNumber(scale.max)}`}
    >
      <div class="colour-strip" ref={strip} />
      <div class="colour-ticks" aria-hidden="true">
        <span>{formatNumber(scale.max)}</span>
        <span>{formatNumber((scale.min + scale.max) / 2)}</span>
        <span>{formatNumber(scale.min)}</span>
      </div>
    </div>
  );
}
