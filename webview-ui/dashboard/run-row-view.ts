import type { RunRow, Strings } from '../../src/ui/dashboard/messages.ts';
import { element, iconButton, setAttribute, setLabel, setText } from './dom.ts';
import type { TableActions } from './runs-table.ts';
import type { SortColumn } from './table-model.ts';
import { format } from './text.ts';

/** One row of the table; each update touches only what differs. */
export class RunRowView {
  readonly root: HTMLElement;
  private readonly strings: Strings;
  private readonly tick = document.createElement('input');
  private readonly name: HTMLElement;
  private readonly state = element('span', { class: 'state' });
  private readonly why = element('span', { class: 'detail why' });
  private readonly folded = element('span', { class: 'detail folded' });
  private readonly machine = cell('machine');
  private readonly started = cell('started');
  private readonly duration = cell('duration', 'number');
  private readonly cost = cell('cost', 'number');
  private readonly loss = element('td', { class: 'number' });
  private readonly bar = document.createElement('progress');
  private readonly progress = element('span');
  private readonly eta = element('span', { class: 'detail' });
  private readonly checkpoints = element('span');
  private readonly checkpointsDetail = element('span', { class: 'detail' });
  private foldedKey = '';
  private readonly stop: HTMLButtonElement;
  private readonly resume: HTMLButtonElement;
  private readonly log: HTMLButtonElement;
  private readonly details: HTMLButtonElement;

  constructor(row: RunRow, strings: Strings, actions: TableActions) {
    this.strings = strings;
    const { id } = row;
    this.tick.type = 'checkbox';
    this.tick.addEventListener('change', () => actions.chart(id, this.tick.checked));
    this.name = element('span', { class: 'name' });
    this.stop = iconButton('stop', '', () => actions.command('runctl.stopRun', id));
    this.resume = iconButton('resume', '', () => actions.command('runctl.resumeRun', id));
    this.log = iconButton('log', '', () => actions.command('runctl.showLog', id));
    this.details = iconButton('details', '', () => actions.command('runctl.showRunDetails', id));
    this.bar.max = 1;
    this.root = element(
      'tr',
      { 'data-run': id },
      element('td', { class: 'chart-cell' }, this.tick),
      element('th', { scope: 'row' }, this.name, this.folded),
      element('td', { class: 'state-cell' }, this.state, this.why),
      this.machine,
      this.started,
      this.duration,
      this.cost,
      this.loss,
      element('td', { class: 'progress-cell' }, this.bar, this.progress, this.eta),
      cell('checkpoints', 'number', this.checkpoints, this.checkpointsDetail),
      element(
        'td',
        { class: 'actions-cell' },
        element('span', { class: 'actions' }, this.stop, this.resume, this.log, this.details),
      ),
    );
  }

  /** `line` is the run's place among the charted ones, `null` when it is not. */
  update(row: RunRow, line: number | null): void {
    this.tick.checked = line !== null;
    setAttribute(this.root, 'class', line === null ? null : `charted line-${line}`);
    setLabel(this.tick, format(this.strings.chartRun, row.name));
    setText(this.name, row.name);
    setAttribute(this.name, 'title', row.name);
    setText(this.state, row.stateText);
    setAttribute(this.state, 'data-state', row.state);
    // Said once in the row of a healthy run, the reason is noise.
    setText(this.why, row.state === 'failed' || row.state === 'lost' ? row.why : '');
    setAttribute(this.state.parentElement ?? this.state, 'title', row.why);
    setText(this.machine, row.machine);
    setText(this.started, row.startedText);
    setText(this.duration, row.durationText);
    setText(this.cost, row.costText);
    setAttribute(this.cost, 'data-unknown', row.cost === null ? '' : null);
    setText(this.loss, row.lossText);
    setAttribute(this.loss, 'data-bad', row.loss === null && row.lossText !== '' ? '' : null);
    this.bar.hidden = row.fraction === null || !row.active;
    this.bar.value = row.fraction ?? 0;
    setAttribute(this.bar, 'aria-label', `${this.strings.progress}: ${row.name}`);
    setText(this.progress, row.progressText);
    setAttribute(this.progress.parentElement ?? this.progress, 'title', row.stepText || null);
    setText(this.eta, row.etaText);
    setText(this.checkpoints, row.checkpoints === 0 ? '' : String(row.checkpoints));
    setText(this.checkpointsDetail, row.checkpointsText);
    this.fold(row);
    this.labelActions(row);
  }

  // What a narrow page has no column for stands under the name; the style shows either.
  private fold(row: RunRow): void {
    const texts = {
      machine: row.machine,
      started: row.startedText,
      checkpoints: row.checkpointsCountText,
      duration: row.durationText,
      cost: row.cost === null ? this.strings.costUnknown : row.costText,
    };
    const parts = Object.entries(texts).filter(([, text]) => text !== '');
    const key = JSON.stringify(parts);
    if (this.foldedKey !== key) {
      this.foldedKey = key;
      this.folded.replaceChildren(
        ...parts.map(([column, text]) => element('span', { 'data-folded': column }, text)),
      );
    }
  }

  private labelActions(row: RunRow): void {
    const { strings } = this;
    setLabel(this.stop, format(strings.stop, row.name));
    setLabel(this.resume, format(strings.resume, row.name));
    setLabel(this.log, format(strings.log, row.name));
    setLabel(this.details, format(strings.details, row.name));
    // The one that cannot be done gives its place to the one that can.
    const focused = [this.stop, this.resume].find((one) => one === document.activeElement);
    this.stop.hidden = !row.canStop;
    this.resume.hidden = !row.canResume;
    if (focused?.hidden === true) {
      this.log.focus();
    }
  }
}

function cell(column: SortColumn, className = '', ...children: readonly Node[]): HTMLElement {
  return element('td', { class: className, 'data-column': column }, ...children);
}
