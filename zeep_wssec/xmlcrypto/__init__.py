"""XML Signature and XML Encryption on trees and bytes; knows nothing of SOAP, zeep, files or clocks."""
