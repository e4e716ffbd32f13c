import com.hivemq.embedded.EmbeddedHiveMQ;
import java.nio.file.Files;
import java.nio.file.Path;

/** HiveMQ Community Edition on a port of this machine: Broker PORT FOLDER. */
public final class Broker {
    public static void main(final String[] args) throws Exception {
        final Path folder = Path.of(args[1]);
        final Path conf = Files.createDirectories(folder.resolve("conf"));
        Files.writeString(
                conf.resolve("config.xml"),
                "<hivemq><listeners><tcp-listener><port>" + args[0] + "</port>"
                        + "<bind-address>127.0.0.1</bind-address></tcp-listener></listeners>"
                        + "<persistence><mode>in-memory</mode></persistence>"
                        + "<mqtt><queued-messages><max-queue-size>100000</max-queue-size></queued-messages></mqtt>"
                        + "<anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics></hivemq>");
        EmbeddedHiveMQ.builder()
                .withConfigurationFolder(conf)
                .withDataFolder(Files.createDirectories(folder.resolve("data")))
                .withExtensionsFolder(Files.createDirectories(folder.resolve("extensions")))
                .build()
                .start()
                .join();
        Thread.currentThread().join();
    }
}
