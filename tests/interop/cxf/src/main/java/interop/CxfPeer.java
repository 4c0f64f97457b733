package interop;

import interop.security.KeyMaterial;
import interop.security.SecuredService;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.security.GeneralSecurityException;
import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;

/** Publishes every service on a loopback port and stays until its standard input ends. */
public final class CxfPeer {

    private CxfPeer() {
    }

    public static void main(String[] args) {
        PrintStream launcher = System.out;
        // Nothing but the ready line may reach the launcher, whatever a library prints.
        System.setOut(System.err);
        try {
            String address = publish(Arguments.parse(args));
            launcher.println("READY " + address);
            launcher.flush();
            waitForEnd(System.in);
            System.exit(0);
        } catch (Exception failure) {
            failure.printStackTrace();
            // The web server's threads would keep a peer alive that nobody can use.
            System.exit(1);
        }
    }

    private static String publish(Arguments arguments)
            throws IOException, GeneralSecurityException {
        Logging.configure(arguments.verbose());
        String password = System.getenv("PEER_PASSWORD");
        KeyMaterial keys = KeyMaterial.load(arguments.keys(), password);
        Bus bus = BusFactory.getDefaultBus();
        // The replay caches keep files that only an orderly end removes.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> bus.shutdown(true)));
        String address = arguments.tls()
            ? LoopbackPort.openTls(bus, arguments.port(), arguments.keys(), password)
            : LoopbackPort.open(bus, arguments.port());
        for (SecuredService service : SecuredService.values()) {
            for (SoapFlavour flavour : SoapFlavour.values()) {
                new Publication(bus, keys, service, flavour).publish(address);
            }
        }
        return address;
    }

    private static void waitForEnd(InputStream input) throws IOException {
        while (input.read() != -1) {
            continue;
        }
    }
}
