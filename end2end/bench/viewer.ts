// A viewer without a browser: speaks the protocol of the socket and counts what comes.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import type { Server } from "./server.ts";

/** The kinds of frames, in the order of `domain::frame::Frame`; the first byte of each. */
export const FRAMES = ["Hello", "Beat", "Page", "Change", "Chrome", "ChromeChange"] as const;
export type Frame = (typeof FRAMES)[number];

/** `domain::frame::Ask` in postcard: question 1, for `/pods` without filter, by this column, 150 rows from the first. */
function ask(column: number): Buffer {
  const topic = 3;
  const [filter, environment, state, ascending, offset] = [0, 0, 0, 0, 0];
  return Buffer.from([1, topic, filter, environment, state, column, ascending, offset, 150 | 0x80, 150 >> 7]);
}

/** Columns, in the order of `domain::query::PodColumn`. */
export const COLUMN = { state: 0, name: 1 } as const;

export class Viewer {
  /** Frames and their bytes on the wire, headers included. */
  readonly heard: Record<Frame, { frames: number; bytes: number }>;
  private readonly waiting: { frame: Frame; resolve: () => void }[] = [];
  private rest: Buffer = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    const none = FRAMES.map((frame) => [frame, { frames: 0, bytes: 0 }]);
    this.heard = Object.fromEntries(none) as Viewer["heard"];
  }

  /** Opens a socket, asks for the pods and waits for the page. */
  static async join(server: Server, column: number = COLUMN.name): Promise<Viewer> {
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    socket.setNoDelay(true);
    const viewer = new Viewer(socket);
    socket.write(
      [
        "GET /live HTTP/1.1",
        `Host: 127.0.0.1:${server.port}`,
        `Origin: ${server.origin}`,
        `Cookie: ${server.headers.cookie}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "\r\n",
      ].join("\r\n"),
    );
    let head = Buffer.alloc(0);
    while (!head.includes("\r\n\r\n")) {
      const [part] = await once(socket, "data");
      head = Buffer.concat([head, part]);
    }
    if (!head.toString("latin1").startsWith("HTTP/1.1 101")) {
      throw new Error(`the socket was refused: ${head.toString("latin1").split("\r\n")[0]}`);
    }
    socket.on("error", () => {});
    const page = viewer.next("Page");
    viewer.take(head.subarray(head.indexOf("\r\n\r\n") + 4));
    socket.on("data", (part: Buffer) => viewer.take(part));
    const payload = ask(column);
    // Masked with zeros, which a server has to take like every other mask.
    socket.write(Buffer.concat([Buffer.from([0x82, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
    await page;
    return viewer;
  }

  /** Waits for the next frame of a kind. */
  next(frame: Frame): Promise<void> {
    return new Promise((resolve) => this.waiting.push({ frame, resolve }));
  }

  /** Bytes of all frames but those that only say that the server is there. */
  get bytes(): number {
    return FRAMES.reduce((sum, frame) => (frame === "Beat" ? sum : sum + this.heard[frame].bytes), 0);
  }

  leave(): void {
    this.socket.destroy();
  }

  private take(part: Buffer): void {
    let data = this.rest.length === 0 ? part : Buffer.concat([this.rest, part]);
    for (;;) {
      if (data.length < 2) break;
      const short = data[1] & 0x7f;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (data.length < start) break;
      const length = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
      if (data.length < start + length) break;
      if ((data[0] & 0x0f) === 2) this.count(FRAMES[data[start]], start + length);
      data = data.subarray(start + length);
    }
    this.rest = Buffer.from(data);
  }

  private count(frame: Frame | undefined, bytes: number): void {
    if (!frame) throw new Error("a frame of a kind that is not known; see FRAMES");
    this.heard[frame].frames += 1;
    this.heard[frame].bytes += bytes;
    for (let index = this.waiting.length - 1; index >= 0; index -= 1) {
      if (this.waiting[index].frame === frame) this.waiting.splice(index, 1)[0].resolve();
    }
  }
}

/** As many viewers, one after the other. */
export async function viewers(server: Server, count: number, column?: number): Promise<Viewer[]> {
  const all: Viewer[] = [];
  for (let index = 0; index < count; index += 1) all.push(await Viewer.join(server, column));
  return all;
}
