import io.moquette.broker.Server;
import java.util.Properties;

/** Moquette on a port of this machine: Broker PORT FOLDER. */
public final class Broker {
    public static void main(final String[] args) throws Exception {
        final Properties properties = new Properties();
        properties.setProperty("port", args[0]);
        properties.setProperty("host", "127.0.0.1");
        properties.setProperty("allow_anonymous", "true");
        properties.setProperty("data_path", args[1]);
        properties.setProperty("telemetry_enabled", "false");
        new Server().startServer(properties);
        Thread.currentThread().join();
    }
}
