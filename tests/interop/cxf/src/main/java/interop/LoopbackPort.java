package interop;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import org.apache.cxf.Bus;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;

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
        return listen(bus, "http", wantedPort, new ServerConnector(new Server(), 1, 1));
    }

    /**
     * Does the same over TLS, for clients with a certificate under the CA of tls-trust.p12.
     *
     * <p>The server's own key pair is that of tls-server.p12.
     */
    static String openTls(Bus bus, int wantedPort, Path directory, String password)
            throws IOException, GeneralSecurityException {
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(directory.resolve("tls-server.p12").toString());
        tls.setKeyStorePassword(password);
        tls.setTrustStorePath(directory.resolve("tls-trust.p12").toString());
        tls.setTrustStorePassword(password);
        tls.setNeedClientAuth(true);
        // Callers use the address in numbers, which no client sends along as a server's name.
        tls.setSniRequired(false);
        HttpConfiguration http = new HttpConfiguration();
        http.addCustomizer(new SecureRequestCustomizer(false));
        ServerConnector connector = new ServerConnector(
            new Server(), 1, 1,
            new SslConnectionFactory(tls, HttpVersion.HTTP_1_1.asString()),
            new HttpConnectionFactory(http));
        return listen(bus, "https", wantedPort, connector);
    }

    private static String listen(
            Bus bus, String scheme, int wantedPort, ServerConnector connector)
            throws IOException, GeneralSecurityException {
        connector.setHost(HOST);
        connector.setPort(wantedPort);
        connector.open();
        int port = connector.getLocalPort();
        JettyHTTPServerEngineFactory engines = bus.getExtension(JettyHTTPServerEngineFactory.class);
        if (scheme.equals("https")) {
            // CXF wants them for the scheme; what the connector does is settled above.
            engines.setTLSServerParametersForPort(HOST, port, new TLSServerParameters());
        }
        engines.createJettyHTTPServerEngine(HOST, port, scheme).setConnector(connector);
        return scheme + "://" + HOST + ":" + port;
    }
}
