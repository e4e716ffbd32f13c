import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;

/** Apache Artemis with a configuration: Broker URL. */
public final class Broker {
    public static void main(final String[] args) throws Exception {
        new EmbeddedActiveMQ().setConfigResourcePath(args[0]).start();
        Thread.currentThread().join();
    }
}
