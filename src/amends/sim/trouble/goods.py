"""Trouble with what customs is told, and with goods that may not go where they go."""

from random import Random

from amends.sim.catalogue import MARKS, PRODUCTS
from amends.sim.chance import draw_length
from amends.sim.course import Course, Declaration, Line
from amends.sim.trouble.trouble import Trouble, is_abroad


class DeclarationTrouble(Trouble):
    """Something is wrong with the declaration; mostly it is put right within a day."""

    def fits(self, course: Course) -> bool:
        return is_abroad(course)

    def bend_fulfilment(self, rng: Random, course: Course) -> None:
        declaration = course.parcel.declaration
        assert declaration is not None
        self.bend_declaration(rng, course, declaration)
        if rng.random() < 0.6:
            declaration.mended = declaration.made.after(draw_length(rng, 2, 30))

    def bend_declaration(self, rng: Random, course: Course, declaration: Declaration) -> None:
        """The goods have been declared as they should be."""


class DeclarationIncomplete(DeclarationTrouble):
    """A part is missing, or cannot be."""

    exception = "declaration_incomplete"

    def bend_declaration(self, rng: Random, course: Course, declaration: Declaration) -> None:
        parts = ["hs_code", "country_of_origin", "material", "purpose", "declared_value"]
        if course.market.country == "GB":
            parts.append("tax_id")
        declaration.lacks = rng.choice(parts)


class CertificateMissing(DeclarationTrouble):
    """A batch came without the mark that the destination demands of such goods."""

    exception = "certificate_missing"
    weight = 1.5

    def fits(self, course: Course) -> bool:
        return is_abroad(course) and any(country == course.market.country for country, _ in MARKS)

    def bend_order(self, rng: Random, course: Course) -> None:
        wanted = [product for product in PRODUCTS if (course.market.country, product.goods) in MARKS]
        product = rng.choice(wanted)
        course.lines = [Line(product, 1, product.price(course.currency))]

    def bend_declaration(self, rng: Random, course: Course, declaration: Declaration) -> None:
        declaration.unmarked = True


class RestrictedGoods(DeclarationTrouble):
    """A power bank is sent by air."""

    exception = "restricted_goods"

    def bend_declaration(self, rng: Random, course: Course, declaration: Declaration) -> None:
        declaration.un_number = "UN3480"
