/**
 * A proxy in front of an API server that misbehaves on demand. It speaks HTTP/1.1 over TLS with the API server's own
 * certificate, so that a client needs nothing but its address.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpsRequest, type Server } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import type { ControlPlane } from './control-plane.ts';
import type { ApiFault, StreamFault } from './faults.ts';
import { type Cut, ProxiedAnswer } from './proxied-answer.ts';

/** Which requests a fault is for. */
export interface FaultScope {
  /** What the path matches, the query with it; by default every path. */
  readonly path?: RegExp;
  /** How often; by default until it is lifted. */
  readonly times?: number;
}

/** A fault that was ordered. */
export interface OrderedFault {
  /** How many requests it has met. */
  readonly met: number;
  /** Has no effect on later requests. */
  lift(): void;
}

interface Order {
  readonly path: RegExp;
  readonly fault: ApiFault;
  left: number;
  met: number;
}

/** Starts a proxy on a free port of the loopback interface. */
export async function startFaultProxy(controlPlane: ControlPlane): Promise<FaultProxy> {
  const proxy = new FaultProxy(controlPlane);
  await proxy.start();
  return proxy;
}

/** A proxy that passes everything on, but for what it is told to do wrong. */
export class FaultProxy implements AsyncDisposable {
  readonly #upstream: string;
  readonly #agent: Agent;
  /** Takes connections; what is heard of them is the business of `#server`, which has no address. */
  readonly #listener: TcpServer;
  readonly #server: Server;
  /** What waits until the proxy hears again. */
  readonly #unheard: (() => void)[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #answers = new Map<ProxiedAnswer, string>();
  readonly #orders: Order[] = [];
  #requests = 0;
  #isDeaf = false;

  constructor(controlPlane: ControlPlane) {
    this.#upstream = controlPlane.url;
    this.#agent = new Agent({ ca: controlPlane.ca, keepAlive: false });
    this.#server = createServer(controlPlane.certificate, (request, response) =>
      this.#serve(request, response),
    );
    this.#server.on('tlsClientError', () => {});
    this.#listener = createTcpServer({ pauseOnConnect: true }, (socket) => this.#take(socket));
  }

  /** Where clients find it. */
  get url(): string {
    return `https://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** How many requests have come. */
  get requests(): number {
    return this.#requests;
  }

  /** The paths of the answers that are under way, the watches among them. */
  get underWay(): readonly string[] {
    return [...this.#answers.values()];
  }

  async start(): Promise<void> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
  }

  /** Orders a fault for requests to come. Of several that fit a request, the first has it. */
  misbehave(fault: ApiFault, scope: FaultScope = {}): OrderedFault {
    const { path = /^/, times = Number.POSITIVE_INFINITY } = scope;
    const order: Order = { path, fault, left: times, met: 0 };
    this.#orders.push(order);
    return {
      get met() {
        return order.met;
      },
      lift: () => {
        order.left = 0;
      },
    };
  }

  /** Breaks the answers that are under way to paths that match, and returns how many there were. */
  breakStreams(fault: StreamFault, path = /[?&]watch=/): number {
    const chosen = [...this.#answers].filter(([, of]) => path.test(of));
    for (const [answer] of chosen) answer.misbehave(fault);
    return chosen.length;
  }

  /**
   * Whether nothing is heard: connections are taken, and nothing is read from them, not even a TLS greeting; requests on
   * older ones wait. What is under way goes on.
   */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  set isDeaf(isDeaf: boolean) {
    this.#isDeaf = isDeaf;
    if (isDeaf) return;
    for (const hear of this.#unheard.splice(0)) hear();
  }

  async stop(): Promise<void> {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    this.#whenHeard(() => this.#server.emit('connection', socket));
  }

  #whenHeard(then: () => void): void {
    if (this.#isDeaf) this.#unheard.push(then);
    else then();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.#requests += 1;
    const fault = this.#faultFor(request.url ?? '');
    switch (fault?.kind) {
      case undefined:
        this.#whenHeard(() => this.#forward(request, response));
        break;
      case 'hang':
        request.resume();
        break;
      case 'close':
        request.socket.destroy();
        break;
      case 'delay':
        setTimeout(() => this.#forward(request, response), fault.delayMs).unref();
        break;
      case 'answer':
        request.resume();
        response.writeHead(fault.status, fault.headers).end(fault.body);
        break;
      case 'truncate':
        this.#forward(request, response, {
          afterBytes: fault.afterBytes,
          end: fault.isClean === true ? 'clean' : 'break',
        });
        break;
      case 'stall':
        this.#forward(request, response, { afterBytes: fault.afterBytes, end: 'silence' });
        break;
    }
  }

  #faultFor(path: string): ApiFault | undefined {
    const order = this.#orders.find((candidate) => candidate.left > 0 && candidate.path.test(path));
    if (order === undefined) return undefined;
    order.left -= 1;
    order.met += 1;
    return order.fault;
  }

  #forward(request: IncomingMessage, response: ServerResponse, cut?: Cut): void {
    const { url: path = '', method = 'GET', headers } = request;
    const options = { method, headers, agent: this.#agent };
    const sent = httpsRequest(new URL(path, this.#upstream), options, (source) => {
      const answer = new ProxiedAnswer(source, response, cut);
      this.#answers.set(answer, path);
      response.on('close', () => this.#answers.delete(answer));
    });
    // Who is behind is gone: so is the connection.
    sent.on('error', () => response.destroy());
    response.on('close', () => sent.destroy());
    request.pipe(sent);
  }
}
