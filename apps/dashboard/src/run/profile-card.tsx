import { useState } from 'preact/hooks';
import { CurveCard } from '../components/curve-card.tsx';
import { Slider } from '../components/slider.tsx';
import { formatNumber } from '../format.ts';
import type { Snapshot } from './field-cards.tsx';
import { profileCurves, scrubbedAxis } from './profiles.ts';

/** The solution over one coordinate at an instant (or another coordinate's value) that a slider chooses. */
export function ProfileCard({ snapshot }: { snapshot: Snapshot }) {
  const [share, setShare] = useState(0.5);
  const first = snapshot.fields[0];
  if (first?.shape.length !== 2) return null;
  const scrubbed = scrubbedAxis(first);
  const [moved, along] = [first.axes[scrubbed]!, first.axes[1 - scrubbed]!];
  const last = moved.values.length - 1;
  const k = Math.round(share * last);
  const value = formatNumber(moved.values[k], 4);
  return (
    <CurveCard
      title={`Profile over ${along.name}`}
      curves={profileCurves(snapshot.fields, scrubbed, k)}
      x={along.name}
      y="linear"
      revision={`${snapshot.step} ${k}`}
      tools={
        <Slider
          id="profile"
          label={moved.name}
          value={k}
          steps={last}
          text={value}
          onChange={(next) => setShare(next / last)}
        />
      }
    />
  );
}
