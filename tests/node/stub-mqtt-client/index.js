// The reference SDK imports this class, and makes one only where it is given no client.
export class CloudSignalClient {
  constructor() {
    throw new Error('this stub connects to nothing; give the SDK a client');
  }
}
export default { CloudSignalClient };
