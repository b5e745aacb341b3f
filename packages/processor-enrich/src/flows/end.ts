import type { AddressKey, Container, Described, KubeNode, KubeService, Pod } from '@tributary/core';
import type { Match } from '../end-facts.ts';
import type { SidedAttributes } from './sided-attributes.ts';
import type { SocketOwner } from './socket-owner.ts';

/** Who or what is at an end; a string is the DNS name by which its client found it. */
export type Subject = SocketOwner | Pod | Container | Described | KubeNode | KubeService | string;

/** What was found of an end. One object for each side, filled anew for every record. */
export interface End {
  match: Match;
  subject: Subject | undefined;
  /** The Service that the client asked for, where the subject is what took the connection. */
  service: KubeService | undefined;
  /** Whether this was found by who held an address then, and not by what can never be another's. */
  restsOnAddress: boolean;
  /** Whether it is not known since when somebody else has had that address, or the Service's. */
  isStale: boolean;
  /** The program that has the socket of this end, where it was seen. */
  executable: SidedAttributes | undefined;
  /** Where the connection went instead of the destination that was asked for, where the join found that out. */
  nat: AddressKey | undefined;
  natPort: number;
  /** `AddressHolders.place` of who holds the address; -1 without one. */
  place: number;
}

/** An end to fill. */
export function emptyEnd(): End {
  return {
    match: 'none',
    subject: undefined,
    service: undefined,
    restsOnAddress: false,
    isStale: false,
    executable: undefined,
    nat: undefined,
    natPort: -1,
    place: -1,
  };
}

/** Forgets what was found. */
export function clearEnd(end: End): void {
  end.match = 'none';
  end.subject = undefined;
  end.service = undefined;
  end.restsOnAddress = false;
  end.isStale = false;
  end.executable = undefined;
  end.nat = undefined;
  end.natPort = -1;
  end.place = -1;
}

/** Says who is at an end. */
export function setEnd(end: End, match: Match, subject: Subject, restsOnAddress: boolean): void {
  end.match = match;
  end.subject = subject;
  end.restsOnAddress = restsOnAddress;
}

/** Takes back what was found by an address. What the kernel told stays: the program, and where the connection went. */
export function omitStale(end: End): void {
  end.service = undefined;
  if (!end.restsOnAddress) return;
  end.match = 'none';
  end.subject = undefined;
  end.restsOnAddress = false;
}
