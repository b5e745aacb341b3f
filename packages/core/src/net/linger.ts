/**
 * How long a client that still sends has to read the last answer on its connection, in milliseconds. What it sends meanwhile is read
 * and thrown away: a socket that is closed with data unread resets the connection, and the answer may be lost (RFC 9112, section 9.6).
 */
export const LINGER_MS = 2000;
