"""The English half of the demo corpus: sentences with slots, and what fills them."""

from __future__ import annotations

GIVEN_NAMES = """
Amelia Arjun Beatrice Callum Carmen Dmitri Elena Farid Greta Hannah Hugo Imogen Ivan Jasmine Jonas Keiko Lars Leila Marcus
Meera Nadia Nikolai Oliver Olga Priya Rafael Rosa Samuel Sofia Tobias Vera Yusuf
""".split()
FAMILY_NAMES = """
Abbott Anders Bakshi Barlow Castell Chaudhry Delgado Dunmore Eriksen Falkner Gallo Harrow Ibsen Jansen Kowalski Lindgren
Marlowe Moretti Nakano Okafor Petrov Quayle Rahman Sandoval Thorne Ueda Varga Whitlock Yilmaz Zeller
""".split()
CITIES = [
    *("Antwerp", "Bilbao", "Bristol", "Calgary", "Cardiff", "Chennai", "Dresden", "Dublin", "Gdansk", "Geneva", "Glasgow"),
    *("Hamburg", "Helsinki", "Jakarta", "Kyoto", "Leeds", "Lisbon", "Lyon", "Manchester", "Melbourne", "Nairobi", "New Delhi"),
    *("Oslo", "Porto", "Quito", "Rotterdam", "San Diego", "Seville", "Tallinn", "Toronto", "Turin", "Utrecht", "Vienna"),
    *("Zagreb", "Cape Town", "Buenos Aires"),
]
COUNTRIES = [
    *("Austria", "Brazil", "Canada", "Chile", "Denmark", "Estonia", "Finland", "Ghana", "Hungary", "India", "Kenya"),
    *("Mexico", "Morocco", "Norway", "Peru", "Poland", "Portugal", "South Africa", "Vietnam", "New Zealand"),
]
COMPANY_NAMES = """
Aldermoor Bluefen Brightwell Calderon Cobaltine Crestline Dovecote Eastmark Fernhill Glasswing Greyport Halcyon Ironbridge
Juniper Kestrel Larkspur Millbrook Northgate Oakhurst Pinnacle Quillon Redcliff Silverbeck Tidewater Umberfield Vantage
""".split()
INDUSTRIES = """
Analytics Bank Biotech Chemicals Energy Foods Insurance Labs Logistics Media Motors Pharma Robotics Shipping Software
Textiles
""".split()
AGENCIES = [
    *("City Council", "Chamber of Commerce", "Port Authority", "Police Department", "Symphony Orchestra", "Airport Authority"),
    *("Central Hospital", "Football Club", "Natural History Museum", "Court of Appeal"),
]
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

SENTENCES = [
    "{person} joined {company} in {month} as head of research.",
    "{company} said on {weekday} that it would open a second plant near {city}.",
    "The {city} office will be closed on {day} for maintenance.",
    "Please send the signed contract to {person} before {weekday}.",
    "{person}, who grew up in {city}, was named chief executive of {company} {recent}.",
    "Shares in {company} fell by 3.5 percent on {weekday} after a weak forecast.",
    "The minister is due to visit {country} and {country} in {month}.",
    "{agency} approved the plan on {day}, despite objections from residents.",
    "I spoke to {person} at {company} {recent}, and she agreed to extend the deadline.",
    "Researchers at {school} have found a cheaper way to store hydrogen.",
    "After ten years in {city}, {person} moved back to {country} to teach.",
    "{company} and {company} announced a joint venture in {country}.",
    "The train from {city} to {city} was delayed by two hours {recent}.",
    "Our next meeting takes place in {city} on {day}.",
    "{person} studied economics at {school} before joining {company}.",
    "Heavy rain is expected in {city} from {weekday}.",
    "The two firms have worked together since {year}.",
    "Police in {city} arrested three men on {weekday}.",
    "A spokesman for {agency} declined to comment.",
    "{person} and {person} will share the prize, the jury said {recent}.",
    "The exhibition opened in {city} in {month} and closes on {day}.",
    "{company} hired {person} from its rival {company}.",
    "Exports from {country} rose by 12 percent in {month}.",
    "Could you book a room in {city} for {person} and me?",
    "In {year}, {school} admitted its first class of engineers.",
    "{person} scored twice as the team won in {city} {recent}.",
    "The bridge was finished in {year} and cost 40 million euros.",
    "{agency} has asked {company} to repay the grant by {day}.",
    "We expect the shipment from {country} to arrive on {weekday}.",
    "{person} of {school} called the result surprising.",
    "The report was written by {person} and checked by the audit team.",
    "Nobody answered the phone, so I left a message for {person}.",
    "Please read the attached notes before the meeting.",
    "The new printer on the second floor is out of order again.",
    "{company}, based in {city}, employs 1,200 people.",
    "Doctors at {agency} treated more than 60 patients {recent}.",
    "Flights between {city} and {city} resume on {day}.",
    "{person} will retire in {month} after 31 years at {company}.",
    "The court in {city} fined {company} for late filings.",
    "Talks between {country} and {country} broke down {recent}.",
]
