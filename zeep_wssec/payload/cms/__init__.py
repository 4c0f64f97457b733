"""CMS (PKCS#7): signed and encrypted data of any size."""

from zeep_wssec.payload.cms.format import Cms
from zeep_wssec.payload.cms.settings import CmsSettings
from zeep_wssec.payload.cms.splitting import split_unverified

__all__ = ["Cms", "CmsSettings", "split_unverified"]
