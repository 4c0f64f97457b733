package interop;

import interop.orders.OrderDesk;
import interop.report.ReportHeader;
import interop.security.AnswerHeaders;
import interop.security.AnswerSecurity;
import interop.security.KeyMaterial;
import interop.security.RequestSecurity;
import interop.security.SecuredService;
import org.apache.cxf.Bus;
import org.apache.cxf.jaxws.JaxWsServerFactoryBean;
import org.apache.cxf.ws.addressing.WSAddressingFeature;

/** One service for one SOAP version. */
record Publication(Bus bus, KeyMaterial keys, SecuredService service, SoapFlavour flavour) {

    void publish(String baseAddress) {
        JaxWsServerFactoryBean server = new JaxWsServerFactoryBean();
        server.setBus(bus);
        server.setServiceBean(new OrderDesk());
        server.setWsdlURL(flavour.wsdl().toString());
        server.setServiceName(SoapFlavour.SERVICE);
        server.setEndpointName(SoapFlavour.PORT);
        server.setAddress(String.join("/", baseAddress, flavour.path(), service.path()));
        if (service.isAddressed()) {
            server.getFeatures().add(requiredAddressing());
        }

        server.getInInterceptors().add(new AnswerHeaders());
        server.getInInterceptors().addAll(RequestSecurity.interceptors(service, keys));
        server.getOutInterceptors().addAll(AnswerSecurity.interceptors(service, flavour, keys));
        server.getOutInterceptors().add(new ReportHeader());
        if (service.securesFaults()) {
            server.getOutFaultInterceptors()
                .addAll(AnswerSecurity.interceptors(service, flavour, keys));
        }
        server.getOutFaultInterceptors().add(new ReportHeader());
        server.create();
    }

    private static WSAddressingFeature requiredAddressing() {
        WSAddressingFeature addressing = new WSAddressingFeature();
        // Without the request's MessageID an answer would have no RelatesTo to sign.
        addressing.setAddressingRequired(true);
        return addressing;
    }
}
