"""What patients read, in English; an SMS keeps to the letters of GSM 03.38, so that it is short."""

from typing import Final

from handlers.patients.vocabulary import (
    CalendarWords,
    Language,
    LetterWords,
    PageWords,
    Saying,
    Words,
)

_CALENDAR: Final = CalendarWords(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    weekdays_short=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    long="{weekday} {day} {month}, {time}",
    short="{weekday} {day} {month:.3} {time}",
)

_PAGE: Final = PageWords(
    ask="Are you coming to your visit?",
    ask_until="Please answer by {until}.",
    ask_or_lose="Please answer by {until}. Without an answer this time may go to another patient.",
    yes="Yes, I am coming",
    no="I cannot come",
    call_me="Please call me",
    expected="Thank you. We are expecting you.",
    expected_more="If something comes up, tell us here, so that somebody on the waiting list can "
    "have the time.",
    no_after_all="I cannot come after all",
    to_be_called="We will call you.",
    to_be_called_more="If you know already, you can answer here too.",
    given_back="You have given this visit back.",
    given_back_more="The time may go to somebody who waits. Until then you can take it back.",
    yes_after_all="I can come after all",
    taken="Another patient has this time now.",
    cancelled="This visit is not booked any more.",
    past="The time of this visit has passed.",
    call_us="For a new time, please call us.",
    offer="A visit has become free. Do you want it?",
    offer_until="Others are asked too: whoever takes it first has it. The offer holds until "
    "{until}.",
    offer_keeps="You keep your visit on {own} until you take this one. Then it is given back.",
    take="Yes, I take it",
    decline="No, thank you",
    yours="The visit is yours.",
    yours_more="If something comes up, please call us.",
    declined="You have declined this visit.",
    declined_more="As long as nobody else has it, you can still take it until {until}.",
    take_after_all="I take it after all",
    gone="Somebody was quicker.",
    ended="This offer has ended.",
    withdrawn="This visit is no longer free.",
    stay="You stay on the waiting list, and a visit that you have stays booked.",
    stop="Do you want no more messages?",
    stop_more="We then write to you neither by SMS nor by e-mail. Your visits stay as they are.",
    stop_button="Send me no more messages",
    stopped="You get no more messages from us.",
    stopped_more="Your visits stay as they are.",
    expired="This link has expired.",
    unknown="This link does not work.",
    unknown_more="It may not have been copied as a whole. Open it from the message, or call us.",
    later="This does not work just now.",
    later_more="What you pressed was not saved. Try again in a few minutes, or call us.",
)

_LETTER: Final = LetterWords(
    confirm=Saying(
        subject="Are you coming on {when}?",
        text="You have a visit: {department}, {when}.\nAre you coming?",
        sms="are you coming to {department}, {when}?",
    ),
    reminder=Saying(
        subject="Your visit on {when}",
        text="You have a visit: {department}, {when}.\nPlease tell us if you cannot come, so that "
        "somebody on the waiting list can have the time.",
        sms="your visit: {department}, {when}.",
    ),
    offer=Saying(
        subject="A visit is free: {when}",
        text="A visit has become free: {department}, {when}.\nOthers are asked too: whoever takes "
        "it first has it. The offer holds until {until}.",
        sms="free visit: {department}, {when}. The first one has it, until {until}.",
    ),
    gone=Saying(
        subject="The visit on {when} is no longer free",
        text="The visit that we offered you is no longer free: {department}, {when}.\n"
        "You stay on the waiting list, and a visit that you have stays booked.",
        sms="no longer free: {department}, {when}. You stay on the waiting list.",
    ),
    booked=Saying(
        subject="Your visit is booked: {when}",
        text="The visit is yours: {department}, {when}.\nIf you had a later visit in this "
        "department, it has been given back.",
        sms="booked for you: {department}, {when}. A later visit you had there is given back.",
    ),
    released=Saying(
        subject="Your visit on {when} has gone to another patient",
        text="We asked whether you are coming and had no answer in time. Another patient now has "
        "your visit: {department}, {when}.\nIf you still need one, please call us for a new time.",
        sms="without your answer, your visit {department}, {when} went to another patient. "
        "For a new time call us.",
    ),
    own_stays="You keep your visit on {own} until you take this one. Then it is given back.",
    own_stays_sms="You keep {own} until then.",
    or_lose="Please answer by {until}. Without an answer the time may go to another patient.",
    or_lose_sms="Unanswered by {until} it may go to another patient.",
    until="Please answer by {until}.",
    reply="Reply 1 = I come, 2 = I cannot come, 3 = call me, STOP = no more messages",
    reply_offer="Reply 1 = I take it, 2 = no, STOP = no more messages",
    reply_stop="STOP = no more messages",
    answer_here="Answer here: {link}",
    stop_here="If you want no more messages: {link}",
    stop_here_sms="No more messages: {link}",
)

WORDS: Final = Words(Language.ENGLISH, False, _CALENDAR, _PAGE, _LETTER)
