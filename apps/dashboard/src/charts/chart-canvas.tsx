import { useEffect, useRef } from 'preact/hooks';
import type { ChartConfiguration } from 'chart.js';
import { theme } from '../theme.ts';
import type { Theme } from '../theme.ts';
import { applyTheme, Chart } from './setup.ts';

/** Shortest time between two redraws of one chart, in milliseconds. */
const REDRAW_MS = 300;

interface ChartCanvasProps {
  /** Says what the chart shows, with the latest value and the trend. */
  readonly label: string;
  /** The chart in given colours; called again whenever `revision` changes. */
  readonly configure: (theme: Theme) => ChartConfiguration;
  readonly revision: unknown;
  readonly onHover?: (chart: Chart, x: number, y: number) => void;
  readonly onLeave?: () => void;
}

/** A canvas that owns its chart: draws it when it comes into view, at most every `REDRAW_MS`, and destroys it at the end. */
export function ChartCanvas({ label, configure, revision, onHover, onLeave }: ChartCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter | null>(null);

  useEffect(() => {
    const own = new Painter(canvas.current!);
    painter.current = own;
    return () => own.destroy();
  }, []);
  const colours = theme.value;
  useEffect(() => painter.current?.show(configure, colours), [revision, colours]);

  return (
    <div class="chart">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        onMouseMove={(event) => {
          const chart = painter.current?.chart;
          if (chart && onHover) onHover(chart, event.offsetX, event.offsetY);
        }}
        onMouseLeave={() => onLeave?.()}
      />
    </div>
  );
}

class Painter {
  chart: Chart | null = null;
  private readonly canvas: HTMLCanvasElement;
  private readonly observer: IntersectionObserver;
  private visible = false;
  private wanted: { configure: (theme: Theme) => ChartConfiguration; theme: Theme } | null = null;
  private drawnTheme: Theme | null = null;
  private drawnAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.observer = new IntersectionObserver(
      (entries) => {
        this.visible = entries.some((entry) => entry.isIntersecting);
        this.schedule();
      },
      { rootMargin: '200px' },
    );
    this.observer.observe(canvas.parentElement ?? canvas);
  }

  show(configure: (theme: Theme) => ChartConfiguration, colours: Theme): void {
    this.wanted = { configure, theme: colours };
    this.schedule();
  }

  destroy(): void {
    this.observer.disconnect();
    if (this.timer !== null) clearTimeout(this.timer);
    this.wanted = null;
    this.chart?.destroy();
    this.chart = null;
  }

  private schedule(): void {
    if (!this.visible || this.wanted === null || this.timer !== null) return;
    const wait = Math.max(0, this.drawnAt + REDRAW_MS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.draw();
    }, wait);
  }

  private draw(): void {
    if (this.wanted === null) return;
    const { configure, theme: colours } = this.wanted;
    this.wanted = null;
    if (this.drawnTheme !== colours) {
      this.chart?.destroy();
      this.chart = null;
      applyTheme(colours);
      this.drawnTheme = colours;
    }
    const configuration = configure(colours);
    if (this.chart === null) {
      this.chart = new Chart(this.canvas, configuration);
    } else {
      this.chart.data = configuration.data;
      this.chart.options = configuration.options ?? {};
      this.chart.update('none');
    }
    this.drawnAt = performance.now();
  }
}
