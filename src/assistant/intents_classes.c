/* intents_classes.c - see intents_classes.h. */
#include "assistant/intents_match.h"

#include "assistant/intents_classes.h"

const IntentClass intent_classes[] = {
    {WORD_NUMBER | WORD_TIME,
     "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
     "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty ninety "
     "hundred half quarter"},
    {WORD_NUMBER,
     "a an and couple few of point another extra more"},
    {WORD_NUMBER | WORD_TIME | WORD_PRONOUN,
     "first second third fourth fifth sixth seventh eighth ninth tenth"},
    {WORD_NUMBER | WORD_TIME,
     "eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth "
     "nineteenth twentieth thirtieth"},
    {WORD_UNIT | WORD_TIME,
     "second seconds sec secs minute minutes min mins hour hours hr hrs day days week weeks "
     "month months year years"},
    {WORD_TIME | WORD_TIME_CORE,
     "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays "
     "thursdays fridays saturdays sundays today tomorrow tonight yesterday weekend weekends "
     "noon midnight midday january february april june july august september october november "
     "december jan feb apr jun jul aug sept oct nov dec morning mornings afternoon afternoons "
     "evening evenings night nights lunchtime teatime bedtime christmas easter halloween "
     "thanksgiving fortnight weekday weekdays daily weekly monthly yearly hourly annually "
     "nightly o'clock oclock am pm later eod asap wed thu thurs fri tues tue tomorow tommorow "
     "tmrw tmr"},
    {WORD_TIME,
     "at on by before after in within until till from to the this next last every other each "
     "end beginning start middle past around early earlier late following same now ago m p "
     "may march mon sat sun spring summer autumn winter lunch dinner breakfast work school "
     "due another"},
    {WORD_PRONOUN,
     "it that this them those these one ones the last latest other former latter previous "
     "next all number both both former everything item task reminder event"},
    {WORD_PRONOUN,
     "two three four five six seven eight nine ten"},
};
const size_t intent_classes_n = sizeof intent_classes / sizeof *intent_classes;
