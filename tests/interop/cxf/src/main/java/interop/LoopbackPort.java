package interop;

import java.io.IOException;
import java.security.GeneralSecurityException;
import org.apache.cxf.Bus;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngine;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

final class LoopbackPort {

    private static final String HOST = "127.0.0.1";

    private LoopbackPort() {
    }

    /**
     * Makes CXF listen on the loopback interface and returns the base address.
     *
     * <p>The socket is bound before CXF sees it: CXF finds its server by the port number in a
     * service's address, so a port that the system picks has to be known by then.
     */
    static String open(Bus bus, int wantedPort) throws IOException, GeneralSecurityException {
        ServerConnector connector = new ServerConnector(new Server(), 1, 1);
        connector.setHost(HOST);
        connector.setPort(wantedPort);
        connector.open();
        int port = connector.getLocalPort();
        JettyHTTPServerEngine engine = bus.getExtension(JettyHTTPServerEngineFactory.class)
            .createJettyHTTPServerEngine(HOST, port, "http");
        engine.setConnector(connector);
        return "http://" + HOST + ":" + port;
    }
}
