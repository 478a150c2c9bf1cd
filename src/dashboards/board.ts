import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  defaultDashboard,
  type Panel,
  RowBuilder,
  type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { roleChanges, runEnds } from './annotations.js';
import { commonVariables, type Variable } from './variables.js';

/** Every board carries it, and the menu of each lists the boards that do. */
export const tag = 'lockstep';

/** A panel and its size on a grid that is 24 wide; a unit of height is 30 pixels. */
export interface Piece {
  readonly panel: Builder<Panel>;
  readonly width: number;
  readonly height: number;
  /** Under the piece before it, in the same columns, rather than beside it. */
  readonly below?: true;
}

/** Pieces under a heading, from left to right and line by line. */
export interface Section {
  readonly title: string;
  readonly pieces: readonly Piece[];
}

export interface BoardOptions {
  /** Stable: links and bookmarks hold it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly Variable[];
  readonly sections: readonly Section[];
}

/** A board in Grafana's classic model, the one that every release since 8 reads and that provisioning takes. */
export type Board = ReturnType<typeof defaultDashboard>;

/** A whole board; what it has in common with the others is here. */
export function board({ uid, title, description, variables = [], sections }: BoardOptions): Board {
  return {
    ...defaultDashboard(),
    uid,
    title,
    description,
    tags: [tag],
    editable: false,
    graphTooltip: DashboardCursorSync.Crosshair,
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    templating: { list: [...commonVariables(), ...variables].map((variable) => variable.build()) },
    annotations: { list: [roleChanges(), runEnds()] },
    links: [menu()],
    panels: placed(sections),
  };
}

/** Panels with their places, each section under a row with its title. */
function placed(sections: readonly Section[]): (Panel | RowPanel)[] {
  const panels: (Panel | RowPanel)[] = [];
  let top = 0;
  for (const { title, pieces } of sections) {
    panels.push(
      new RowBuilder(title)
        .id(panels.length + 1)
        .gridPos({ x: 0, y: top, w: 24, h: 1 })
        .build(),
    );
    top += 1;
    for (const line of linesOf(pieces)) {
      let left = 0;
      let bottom = top;
      for (const column of line) {
        let y = top;
        for (const { panel, width, height } of column) {
          panels.push({ ...panel.build(), id: panels.length + 1, gridPos: { x: left, y, w: width, h: height } });
          y += height;
        }
        left += column[0]?.width ?? 0;
        bottom = Math.max(bottom, y);
      }
      top = bottom;
    }
  }
  return panels;
}

/** As many columns to a line as its width takes, each of one piece or of several under one another. */
function linesOf(pieces: readonly Piece[]): readonly (readonly (readonly Piece[])[])[] {
  const lines: Piece[][][] = [];
  let room = 0;
  for (const piece of pieces) {
    const line = lines.at(-1);
    if (piece.below === true) {
      line?.at(-1)?.push(piece);
    } else if (line === undefined || room < piece.width) {
      lines.push([[piece]]);
      room = 24 - piece.width;
    } else {
      line.push([piece]);
      room -= piece.width;
    }
  }
  return lines;
}

function menu(): DashboardLink {
  const link = new DashboardLinkBuilder('Lockstep')
    .type(DashboardLinkType.Dashboards)
    .icon('external link')
    .tooltip('The other boards of Lockstep, with the same time and choice')
    .url('')
    .tags([tag])
    .asDropdown(true)
    .targetBlank(false)
    .includeVars(true)
    .keepTime(true)
    .build();
  delete link.placement; // in sight, not in the menu of controls
  return link;
}
