"""What was read of files, put into what should be: the digests of secrets and configs, the images of archives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from deployer.fields import container
from deployer.fields.copies import SECTIONS
from deployer.fields.field import Context
from deployer.resources.applied import digest_with
from deployer.resources.desired import BoundContent, Desired, DesiredArchive, DesiredImage, DesiredService
from deployer.resources.from_stack import canonical_of


def with_digests(desired: Desired, digests: Mapping[str, str]) -> Desired:
    """The same with what was read of secrets and configs: SHA-256 by section and key (`secrets.db_password`)."""
    return _with_contents(desired, lambda name, _: digests.get(name, ""))


def salted(desired: Desired, salt: str) -> Desired:
    """The same with the digests of secrets, configs and mounted files salted: only so are they compared, shown and
    stored.
    """
    found = _with_contents(desired, lambda _, digest: digest_with(salt, digest))
    return with_bound(found, lambda _, one: replace(one, digest=digest_with(salt, one.digest)) if one.digest else one)


def with_bound(desired: Desired, read: Callable[[str, BoundContent], BoundContent]) -> Desired:
    """The same with what `read` makes of what mounted files hold, by the service and what is known of the content."""
    services = {
        name: replace(service, contents={target: read(name, one) for target, one in service.contents.items()})
        for name, service in desired.services.items()
        if service.contents
    }
    return replace(desired, services={**desired.services, **services})


def _with_contents(desired: Desired, digest_of: Callable[[str, str], str]) -> Desired:
    """The same with other digests, by the name of a content and the digest that it has."""
    if not desired.context.contents:
        return desired

    def anew(context: Context) -> Context:
        contents = {name: replace(one, digest=digest_of(name, one.digest)) for name, one in context.contents.items()}
        return replace(context, contents=contents)

    def service_anew(service: DesiredService) -> DesiredService:
        context = anew(service.context)
        rows = (container.BY_NAME[name] for name in SECTIONS if name in service.written)
        asked = {row.name: canonical_of(row, service.written, context) for row in rows}
        return replace(service, context=context, asked={**service.asked, **asked})

    services = {name: service_anew(service) for name, service in desired.services.items()}
    return replace(desired, context=anew(desired.context), services=services)


def with_archives(desired: Desired, archives: Mapping[str, tuple[str, DesiredArchive]]) -> Desired:
    """The same with what was read of archives: by the image's address, its reference and the archive."""
    if not archives:
        return desired

    def anew(image: DesiredImage) -> DesiredImage:
        if image.address not in archives:
            return image
        reference, archive = archives[image.address]
        return replace(image, reference=reference, archive=archive)

    images = {address: anew(image) for address, image in desired.images.items()}
    services = {name: replace(service, image=anew(service.image)) for name, service in desired.services.items()}
    return replace(desired, images=images, services=services)


def with_images(desired: Desired, chosen: Mapping[str, DesiredImage]) -> Desired:
    """The same with these images in the place of those of their addresses, and those that it had none of besides."""
    if not chosen:
        return desired
    services = {
        name: replace(service, image=chosen.get(service.image.address, service.image))
        for name, service in desired.services.items()
    }
    return replace(desired, images={**desired.images, **chosen}, services=services)
