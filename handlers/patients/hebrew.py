"""What patients read, in Hebrew: in forms that address women and men alike."""

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
    weekdays=("יום שני", "יום שלישי", "יום רביעי", "יום חמישי", "יום שישי", "יום שבת", "יום ראשון"),
    weekdays_short=("יום ב'", "יום ג'", "יום ד'", "יום ה'", "יום ו'", "שבת", "יום א'"),
    months=(
        *("בינואר", "בפברואר", "במרץ", "באפריל", "במאי", "ביוני"),
        *("ביולי", "באוגוסט", "בספטמבר", "באוקטובר", "בנובמבר", "בדצמבר"),
    ),
    long="{weekday}, {day} {month}, בשעה {time}",
    short="{weekday} {day}.{number} {time}",
)

_PAGE: Final = PageWords(
    ask="האם תגיעו לתור?",
    ask_until="נא לענות עד {until}.",
    ask_or_lose="נא לענות עד {until}. ללא תשובה התור עשוי לעבור למטופל אחר.",
    yes="כן, אגיע",
    no="לא אוכל להגיע",
    call_me="נא להתקשר אליי",
    expected="תודה. נחכה לכם.",
    expected_more="אם משהו ישתנה, אפשר לעדכן כאן, וכך מי שממתין יוכל לקבל את התור.",
    no_after_all="בסוף לא אוכל להגיע",
    to_be_called="נתקשר אליכם.",
    to_be_called_more="אם התשובה כבר ידועה, אפשר לענות גם כאן.",
    given_back="ויתרתם על התור הזה.",
    given_back_more="התור עשוי לעבור למטופל שממתין. עד אז אפשר לקחת אותו בחזרה.",
    yes_after_all="בסוף אוכל להגיע",
    taken="התור הזה כבר שייך למטופל אחר.",
    cancelled="התור הזה כבר אינו קבוע.",
    past="מועד התור הזה כבר עבר.",
    call_us="לקביעת תור חדש, נא להתקשר אלינו.",
    offer="התפנה תור. האם תרצו אותו?",
    offer_until="ההצעה נשלחה גם לאחרים, והראשון שיקבל אותה יזכה בתור. היא בתוקף עד {until}.",
    offer_keeps="התור שלכם ב{own} נשמר עד לקבלת התור הזה, ואז הוא מתבטל.",
    take="כן, אקח את התור",
    decline="לא, תודה",
    yours="התור שלכם.",
    yours_more="אם משהו ישתנה, נא להתקשר אלינו.",
    declined="ויתרתם על התור שהוצע.",
    declined_more="כל עוד אף אחד אחר לא קיבל אותו, אפשר לקחת אותו עד {until}.",
    take_after_all="בסוף אקח את התור",
    gone="מישהו אחר הקדים אתכם.",
    ended="ההצעה הזו הסתיימה.",
    withdrawn="התור הזה כבר אינו פנוי.",
    stay="מקומכם ברשימת ההמתנה נשמר, וגם תור שכבר נקבע לכם.",
    stop="להפסיק לשלוח לכם הודעות?",
    stop_more="לא נשלח לכם עוד הודעות, לא במסרון ולא בדואר אלקטרוני. התורים שלכם לא ישתנו.",
    stop_button="לא לשלוח לי עוד הודעות",
    stopped="לא נשלח לכם עוד הודעות.",
    stopped_more="התורים שלכם לא השתנו.",
    expired="תוקף הקישור פג.",
    unknown="הקישור אינו תקין.",
    unknown_more="ייתכן שהוא לא הועתק במלואו. אפשר לפתוח אותו מתוך ההודעה או להתקשר אלינו.",
    later="כרגע זה לא עובד.",
    later_more="מה שנלחץ לא נשמר. אפשר לנסות שוב בעוד כמה דקות או להתקשר אלינו.",
)

_LETTER: Final = LetterWords(
    confirm=Saying(
        subject="האם תגיעו ב{when}?",
        text="נקבע לכם תור: {department}, {when}.\nהאם תגיעו?",
        sms="האם תגיעו לתור? {department}, {when}.",
    ),
    reminder=Saying(
        subject="התור שלכם ב{when}",
        text="נקבע לכם תור: {department}, {when}.\nאם לא תוכלו להגיע, נא להודיע לנו, וכך מי "
        "שממתין יוכל לקבל את התור.",
        sms="תזכורת לתור: {department}, {when}.",
    ),
    offer=Saying(
        subject="התפנה תור: {when}",
        text="התפנה תור: {department}, {when}.\nההצעה נשלחה גם לאחרים, והראשון שיקבל אותה יזכה "
        "בתור. היא בתוקף עד {until}.",
        sms="התפנה תור: {department}, {when}. לראשון שיענה, עד {until}.",
    ),
    gone=Saying(
        subject="התור ב{when} כבר אינו פנוי",
        text="התור שהצענו לכם כבר אינו פנוי: {department}, {when}.\n"
        "מקומכם ברשימת ההמתנה נשמר, וגם תור שכבר נקבע לכם.",
        sms="התור כבר אינו פנוי: {department}, {when}. מקומכם ברשימה נשמר.",
    ),
    booked=Saying(
        subject="נקבע לכם תור: {when}",
        text="התור שלכם: {department}, {when}.\nאם היה לכם תור מאוחר יותר במחלקה הזו, הוא בוטל.",
        sms="נקבע לכם תור: {department}, {when}. תור מאוחר יותר שם בוטל.",
    ),
    released=Saying(
        subject="התור שלכם ב{when} עבר למטופל אחר",
        text="שאלנו אם תגיעו ולא קיבלנו תשובה בזמן. התור עבר למטופל אחר: {department}, {when}.\n"
        "אם עדיין יש צורך בתור, נא להתקשר אלינו לקביעת מועד חדש.",
        sms="לא התקבלה תשובה, והתור {department}, {when} עבר למטופל אחר. לתור חדש נא להתקשר.",
    ),
    own_stays="התור שלכם ב{own} נשמר עד לקבלת התור הזה, ואז הוא מתבטל.",
    own_stays_sms="התור ב{own} נשמר עד אז.",
    or_lose="נא לענות עד {until}. ללא תשובה התור עשוי לעבור למטופל אחר.",
    or_lose_sms="ללא תשובה עד {until} יעבור לאחר.",
    until="נא לענות עד {until}.",
    reply="השיבו 1 = אגיע, 2 = לא אגיע, 3 = התקשרו אליי, להסרה STOP",
    reply_offer="השיבו 1 = כן, 2 = לא, להסרה STOP",
    reply_stop="להסרה STOP",
    answer_here="לתשובה: {link}",
    stop_here="להפסקת ההודעות: {link}",
    stop_here_sms="להסרה: {link}",
)

WORDS: Final = Words(Language.HEBREW, True, _CALENDAR, _PAGE, _LETTER)
