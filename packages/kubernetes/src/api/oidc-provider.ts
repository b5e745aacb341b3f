import type { OpenIDConnectAuth } from '@kubernetes/client-node/dist/oidc_auth.js';
import type { KubeUser } from './kube-config.ts';

type AuthProvider = NonNullable<KubeUser['auth-provider']>;

/** Tokens of an OpenID Connect provider, refreshed when they have expired: the kubeconfig's `auth-provider: oidc`. */
export class OidcProvider {
  #auth: OpenIDConnectAuth | undefined;
  #written = '';
  #provider: AuthProvider | undefined;

  /** A token for the user; undefined if the provider's settings have none. */
  async read(userName: string, provider: AuthProvider): Promise<string | undefined> {
    // Loaded where it is needed only: this module brings the whole generated client with it (docs/decisions/0007).
    const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js');
    const written = JSON.stringify(provider);
    if (this.#auth === undefined || written !== this.#written) {
      this.#auth = new OpenIDConnectAuth();
      this.#written = written;
      // The library keeps the tokens that it was given anew in this object.
      this.#provider = structuredClone(provider);
    }
    const options = { headers: {} as Record<string, string> };
    await this.#auth.applyAuthentication({ name: userName, authProvider: this.#provider }, options);
    return options.headers['Authorization']?.slice('Bearer '.length);
  }
}
