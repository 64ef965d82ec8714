/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c: the tables of options and commands; everything that a person reads about them is
 * here. */
#include "cli/command.h"

#include <string.h>

static const struct tend__option options[TEND_OPTION_COUNT] = {
    [TEND_OPTION_HELP] = {TEND_OPTION_HELP, "help", 'h', TEND_ARG_NONE, NULL, 0, 0,
                          "Show this help and stop"},
    [TEND_OPTION_JSON] = {TEND_OPTION_JSON, "json", 0, TEND_ARG_NONE, NULL, 0, 0,
                          "Print one JSON document instead of text"},
    [TEND_OPTION_HTML] =
        {TEND_OPTION_HTML, "html", 0, TEND_ARG_FILE, "FILE", 0, 0,
         "Also write a report as one HTML file with pictures, which fetches nothing"},
    [TEND_OPTION_CONFIG] = {TEND_OPTION_CONFIG, "config", 'c', TEND_ARG_FILE, "FILE", 0, 0,
                            "Read this configuration (default: tend.yaml in the current folder)"},
    [TEND_OPTION_QUIET] = {TEND_OPTION_QUIET, "quiet", 'q', TEND_ARG_NONE, NULL, 0, 0,
                           "No progress bar and no remarks on standard error"},
    [TEND_OPTION_OUTPUT] = {TEND_OPTION_OUTPUT, "output", 'o', TEND_ARG_FILE, "FILE", 0, 0,
                            "Write the result here"},
    [TEND_OPTION_FORCE] = {TEND_OPTION_FORCE, "force", 'f', TEND_ARG_NONE, NULL, 0, 0,
                           "Overwrite a file that is there"},
    [TEND_OPTION_TRY] = {TEND_OPTION_TRY, "try", 't', TEND_ARG_TEXT, "EXPR", 0, 0,
                         "Compare this value expression with the configured one, row by row"},
    [TEND_OPTION_EXAMPLES] = {TEND_OPTION_EXAMPLES, "examples", 'n', TEND_ARG_COUNT, "N", 0, 50,
                              "Show this many worked rows (default: 5)"},
    [TEND_OPTION_OUTCOMES] = {TEND_OPTION_OUTCOMES, "outcomes", 0, TEND_ARG_FILE, "DATA", 0, 0,
                              "Outcomes that are joined to DATA by data.id"},
    [TEND_OPTION_PLAN] =
        {TEND_OPTION_PLAN, "plan", 0, TEND_ARG_FILE, "FILE", 0, 0,
         "Count at the cut points of this profile, so that the two can be merged and compared"},
    [TEND_OPTION_FDR] =
        {TEND_OPTION_FDR, "fdr", 0, TEND_ARG_NUMBER, "SHARE", 1e-6, 0.5,
         "Share of false discoveries among the columns said to drift (default: 0.05)"},
    [TEND_OPTION_MODEL] = {TEND_OPTION_MODEL, "model", 'm', TEND_ARG_TEXT, "NAME", 0, 0,
                           "Only this model"},
    [TEND_OPTION_VERIFY] = {TEND_OPTION_VERIFY, "verify", 0, TEND_ARG_NONE, NULL, 0, 0,
                            "Check that no entry was changed, removed or inserted"},
    [TEND_OPTION_STATE] =
        {TEND_OPTION_STATE, "state", 's', TEND_ARG_FILE, "FILE", 0, 0,
         "The state file with the books (default for reading: tend-data/state.db)"},
    [TEND_OPTION_SEED] = {TEND_OPTION_SEED, "seed", 0, TEND_ARG_COUNT, "N", 0, 9007199254740992.0,
                          "Seed of everything that is drawn at random (default: 1)"},
    [TEND_OPTION_SINCE] = {TEND_OPTION_SINCE, "since", 0, TEND_ARG_TIME, "TIME", 0, 0,
                           "Leave out rows before this time"},
    [TEND_OPTION_UNTIL] = {TEND_OPTION_UNTIL, "until", 0, TEND_ARG_TIME, "TIME", 0, 0,
                           "Leave out rows from this time on"},
    [TEND_OPTION_POLICY] = {TEND_OPTION_POLICY, "policy", 0, TEND_ARG_TEXT, "NAME", 0, 0,
                            "Play only this policy beside the configured one"},
    [TEND_OPTION_THREADS] = {TEND_OPTION_THREADS, "threads", 0, TEND_ARG_COUNT, "N", 1, 256,
                             "Threads that read data (default: 2)"},
    [TEND_OPTION_MEMORY] = {TEND_OPTION_MEMORY, "memory", 0, TEND_ARG_MEMORY, "SIZE", 67108864,
                            1e15, "Memory for reading data, e.g. 500MB (default: 256 MiB)"},
    [TEND_OPTION_KEEP] = {TEND_OPTION_KEEP, "keep", 0, TEND_ARG_FILE, "FOLDER", 0, 0,
                          "Keep what the run makes in this folder (default: tend-demo)"},
    [TEND_OPTION_LABEL] = {TEND_OPTION_LABEL, "label", 0, TEND_ARG_TEXT, "COLUMN", 0, 0,
                           "The column with the outcome"},
    [TEND_OPTION_TIME] = {TEND_OPTION_TIME, "time", 0, TEND_ARG_TEXT, "COLUMN", 0, 0,
                          "The column with the time of the event"},
    [TEND_OPTION_BINS] = {TEND_OPTION_BINS, "bins", 0, TEND_ARG_COUNT, "N", 2, 512,
                          "Bins of a number at most (default: 32)"},
    [TEND_OPTION_TRAIN] = {TEND_OPTION_TRAIN, "train", 0, TEND_ARG_COUNT, "N", 1, 100000,
                           "Windows at the start that train the first model (default: 28)"},
    [TEND_OPTION_ACCEPT] = {TEND_OPTION_ACCEPT, "accept", 0, TEND_ARG_COUNT, "N", 1, 100000,
                            "Windows after them that it is accepted on (default: 28)"},
    [TEND_OPTION_EVERY] =
        {TEND_OPTION_EVERY, "every", 0, TEND_ARG_SPAN, "SPAN", 0, 0,
         "A profile for each span of time: 1d, 12h, 7d; the output is a store, a folder"},
    [TEND_OPTION_SEGMENT] = {TEND_OPTION_SEGMENT, "segment", 0, TEND_ARG_TEXT, "RULE", 0, 0,
                             "A segment: a column (one for each of its values), or a condition",
                             .is_many = true},
    [TEND_OPTION_SEGMENT_VALUES] =
        {TEND_OPTION_SEGMENT_VALUES, "segment-values", 0, TEND_ARG_COUNT, "N", 1, 1000,
         "Values of a column that have a segment of their own (default: 20)"},
    [TEND_OPTION_COLUMN] = {TEND_OPTION_COLUMN, "column", 0, TEND_ARG_TEXT, "NAME", 0, 0,
                            "Only this column, in detail"},
    [TEND_OPTION_CONTRACT] = {TEND_OPTION_CONTRACT, "contract", 0, TEND_ARG_FILE, "FILE", 0, 0,
                              "Judge by the contract in this file (default: that of tend.yaml)"},
    [TEND_OPTION_REPLAY] =
        {TEND_OPTION_REPLAY, "replay", 0, TEND_ARG_FILE, "MODEL", 0, 0,
         "Undo the breaks and run the rows through this XGBoost model both ways"},
    [TEND_OPTION_SKETCHES] = {TEND_OPTION_SKETCHES, "sketches", 0, TEND_ARG_NONE, NULL, 0, 0,
                              "Also keep distinct counts, quantiles and frequent texts of columns"},
};

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static const struct tend__example init_examples[] = {
    {"tend init flights.parquet", "looks at the data and writes tend.yaml with comments"},
    {"tend init events/ --label late --time date",
     "says which columns hold the outcome and the time"},
    {"tend init flights.csv -o models/delays.yaml", "writes somewhere else"},
    {NULL, NULL}};
static const struct tend__example check_examples[] = {
    {"tend check january.parquet june.parquet", "what changed, column by column"},
    {"tend check january.profile.parquet 'events/date=2001-06-*/*.parquet'",
     "a profile stands for the data that it was made from"},
    {"tend check ref.csv cur.csv --json | jq '.columns[] | select(.drifted) | .name'",
     "the columns that drifted"},
    {"tend check ref.parquet cur.parquet --html report.html", "the same with pictures"},
    {"tend check today.parquet", "against the contract of tend.yaml alone"},
    {NULL, NULL}};
static const struct tend__example value_examples[] = {
    {"tend value events.parquet", "totals, segments, and a few rows worked out"},
    {"tend value events.parquet --try 'case when decision and late then 25 else 0 end'",
     "what another expression would say of the same rows"},
    {"tend value predictions.parquet --outcomes outcomes.csv", "joins outcomes by data.id first"},
    {NULL, NULL}};
static const struct tend__example profile_examples[] = {
    {"tend profile january.parquet -o january.profile.parquet", "the reference"},
    {"tend profile june.parquet --plan january.profile.parquet -o june.profile.parquet",
     "counted at the reference's cut points"},
    {"tend profile 'days/*.parquet' --every 1d --segment country --segment 'amount > 1000' -o "
     "history/",
     "a store: a profile for each day, country and large amounts"},
    {"tend profile days/2001-07-01.parquet -o history/", "adds a day to it, or replaces it"},
    {NULL, NULL}};
static const struct tend__example merge_examples[] = {
    {"tend merge day-*.profile.parquet -o month.profile.parquet",
     "adds days up to a month, exactly"},
    {"tend merge history@2001-01 -o january.profile.parquet", "the same from a store"},
    {"tend merge history/ --every 7d -o weeks/", "a store of weeks"},
    {NULL, NULL}};
static const struct tend__example show_examples[] = {
    {"tend show january.profile.parquet", "a table, one row a column of the data"},
    {"tend show january.profile.parquet --json", "everything that the profile holds"},
    {"tend show history/", "each column over time"},
    {"tend show history@2001-02..2001-04 --column delay --segment origin=LAX --html delay.html",
     "one column of one segment, with pictures"},
    {NULL, NULL}};
static const struct tend__example backtest_examples[] = {
    {"tend backtest history.parquet",
     "the configured policy against never, weekly and monthly retraining"},
    {"tend backtest predictions.parquet --outcomes outcomes.csv",
     "joins outcomes by data.id first"},
    {"tend backtest history.parquet --html backtest.html --json > backtest.json",
     "with pictures, and for a program"},
    {NULL, NULL}};
static const struct tend__example why_examples[] = {
    {"tend why 1", "what the first incident was, with its evidence"},
    {"tend why", "lists the incidents"},
    {NULL, NULL}};
static const struct tend__example ledger_examples[] = {
    {"tend ledger", "every decision, what it cost and what it earned"},
    {"tend ledger --verify", "exit code 1 where an entry is not as it was written"},
    {NULL, NULL}};
static const struct tend__example versions_examples[] = {
    {"tend versions", "every trained version with its lineage"},
    {"tend versions --model delays --json", "of one model, for a program"},
    {NULL, NULL}};
static const struct tend__example demo_examples[] = {
    {"tend demo", "the story in the terminal, and a report in HTML"}, {NULL, NULL}};
static const struct tend__example config_examples[] = {
    {"tend config", "reads tend.yaml, says what it means and its hash"},
    {"tend config --help", "lists every key"},
    {NULL, NULL}};
static const struct tend__example completion_examples[] = {
    {"source <(tend completion bash)", "completion in this shell"},
    {"tend completion fish > ~/.config/fish/completions/tend.fish", "in every fish to come"},
    {NULL, NULL}};
static const struct tend__example man_examples[] = {{"tend man | man -l -", "reads the page"},
                                                    {NULL, NULL}};

#define NO_MORE TEND_OPTION_COUNT
#define READING TEND_OPTION_THREADS, TEND_OPTION_MEMORY

static const struct tend__command commands[] = {
    {"init",
     "DATA",
     "Look at data and write a tend.yaml with comments",
     "Reads DATA, guesses which columns hold the id, the time, the score and the outcome and which "
     "are features, and "
     "writes a tend.yaml that explains itself. What was guessed is said; look at it before you "
     "rely on it. A file that "
     "is there is never overwritten without --force.",
     NULL,
     1,
     1,
     {TEND_OPTION_OUTPUT, TEND_OPTION_FORCE, TEND_OPTION_LABEL, TEND_OPTION_TIME, TEND_OPTION_JSON,
      TEND_OPTION_QUIET, READING, TEND_OPTION_HELP, NO_MORE},
     init_examples,
     tend__cmd_init,
     false},
    {"check",
     "[REF] CUR",
     "Compare two data sets: breaks, drift, value; or check one against its contract",
     "Compares CUR with the reference REF: every column's distribution with distances and one "
     "q-value, the data breaks "
     "that upstream systems make (a changed unit, nulls, renamed categories, shifted hours, "
     "missing rows), and the value "
     "of the rows where a tend.yaml says how it is reckoned. REF and CUR are data, or profiles "
     "that tend wrote.\n\n"
     "A column drifts when its q-value is below --fdr and its effect is large: above a tolerance, "
     "less three standard errors. So a million rows do not make everything drift.\n\n"
     "Where tend.yaml has a contract (tend init writes one), the rows of CUR must keep it: types, "
     "ranges, lists of values, nulls, keys and rules. With CUR alone nothing but the contract is "
     "checked.\n\n"
     "The exit code is 1 where something drifted or broke, or the contract is violated.",
     NULL,
     1,
     2,
     {TEND_OPTION_CONFIG, TEND_OPTION_CONTRACT, TEND_OPTION_FDR, TEND_OPTION_BINS,
      TEND_OPTION_REPLAY, TEND_OPTION_JSON, TEND_OPTION_HTML, TEND_OPTION_QUIET, READING,
      TEND_OPTION_HELP, NO_MORE},
     check_examples,
     tend__cmd_check,
     false},
    {"value",
     "DATA",
     "What each row was worth, with worked examples",
     "Evaluates value.per_row of tend.yaml on every row of DATA: the total, the mean with its "
     "interval over windows, each "
     "segment, and a few rows worked out so that a person can check them. Rows whose expression "
     "fails are counted with "
     "the reason, never guessed.",
     NULL,
     1,
     1,
     {TEND_OPTION_CONFIG, TEND_OPTION_TRY, TEND_OPTION_EXAMPLES, TEND_OPTION_OUTCOMES,
      TEND_OPTION_JSON, TEND_OPTION_QUIET, READING, TEND_OPTION_HELP, NO_MORE},
     value_examples,
     tend__cmd_value,
     false},
    {"profile",
     "DATA",
     "Write a profile of data, or one for each day and segment (Parquet)",
     "Counts every column of DATA at cut points chosen from it, or at those of another profile "
     "(--plan), and writes a small Parquet file. Profiles of the same plan merge by addition.\n\n"
     "With --sketches it also keeps, in the bytes of Apache DataSketches, how many distinct values "
     "each column has, its quantiles and its frequent texts; columns that the plan does not have "
     "always get these, but in a store.\n\n"
     "With --every the output is a store, a folder with a profile for each window of time and each "
     "segment, all under one plan. The plan, and which values of a column are segments, are fixed "
     "when the store is made; the rest of the values is the segment 'other'. Given again with more "
     "data, a store takes the new windows, and a window that is there is replaced.",
     NULL,
     1,
     1,
     {TEND_OPTION_OUTPUT, TEND_OPTION_PLAN, TEND_OPTION_EVERY, TEND_OPTION_TIME,
      TEND_OPTION_SEGMENT, TEND_OPTION_SEGMENT_VALUES, TEND_OPTION_SINCE, TEND_OPTION_UNTIL,
      TEND_OPTION_BINS, TEND_OPTION_SKETCHES, TEND_OPTION_CONFIG, TEND_OPTION_JSON,
      TEND_OPTION_QUIET, READING, TEND_OPTION_HELP, NO_MORE},
     profile_examples,
     tend__cmd_profile,
     false},
    {"merge",
     "P...",
     "Add profiles up",
     "Adds profiles that were made with the same plan. Any order and any grouping gives the same "
     "bytes.\n\n"
     "P is a profile or a store, of which STORE@2001-02-03, STORE@2001-02, STORE@2001-02..2001-04, "
     "STORE@last7 and STORE@reference choose windows, and another @ with a name one segment. With "
     "--every, stores become a store of longer windows.",
     NULL,
     1,
     TEND_OPERAND_MAX,
     {TEND_OPTION_OUTPUT, TEND_OPTION_EVERY, TEND_OPTION_JSON, TEND_OPTION_QUIET, TEND_OPTION_HELP,
      NO_MORE},
     merge_examples,
     tend__cmd_merge,
     false},
    {"show",
     "P",
     "Show what a profile holds, or a store over time",
     "Prints a profile as a table, one row a column of the data.\n\n"
     "Of a store it shows how each column went over time: its mean, its nulls and how far each "
     "window is from the reference. --column shows one in detail, --html draws it.",
     NULL,
     1,
     1,
     {TEND_OPTION_COLUMN, TEND_OPTION_SEGMENT, TEND_OPTION_JSON, TEND_OPTION_HTML,
      TEND_OPTION_QUIET, TEND_OPTION_HELP, NO_MORE},
     show_examples,
     tend__cmd_show,
     false},
    {"backtest",
     "DATA",
     "Run the whole policy over history, against simpler ones",
     "Plays history as if it were live, window by window: profiles, breaks, value, the harm watch, "
     "retraining, trials and "
     "the ledger, under the policy of tend.yaml; then the same history under never, weekly and "
     "monthly retraining, and "
     "compares them in money after costs.",
     NULL,
     1,
     1,
     {TEND_OPTION_CONFIG, TEND_OPTION_STATE, TEND_OPTION_SEED, TEND_OPTION_SINCE, TEND_OPTION_UNTIL,
      TEND_OPTION_TRAIN, TEND_OPTION_ACCEPT, TEND_OPTION_OUTCOMES, TEND_OPTION_POLICY,
      TEND_OPTION_JSON, TEND_OPTION_HTML, TEND_OPTION_QUIET, READING, TEND_OPTION_HELP, NO_MORE},
     backtest_examples,
     tend__cmd_backtest,
     false},
    {"why",
     "[INCIDENT]",
     "Explain an incident, or list them",
     "Says what an incident was: what was seen, which columns and segment, what it cost, what "
     "undoing the break and "
     "replaying showed, and what was done. Without a number it lists the incidents of the last "
     "run.",
     NULL,
     0,
     1,
     {TEND_OPTION_STATE, TEND_OPTION_JSON, TEND_OPTION_QUIET, TEND_OPTION_HELP, NO_MORE},
     why_examples,
     tend__cmd_why,
     false},
    {"ledger",
     "",
     "Show the books, or check them",
     "Prints the append-only list of every decision with its cost and value. With --verify it "
     "checks the chain of hashes "
     "and names the first entry that is not as it was written; then the exit code is 1.",
     NULL,
     0,
     0,
     {TEND_OPTION_STATE, TEND_OPTION_MODEL, TEND_OPTION_VERIFY, TEND_OPTION_JSON, TEND_OPTION_QUIET,
      TEND_OPTION_HELP, NO_MORE},
     ledger_examples,
     tend__cmd_ledger,
     false},
    {"versions",
     "",
     "List trained versions with their lineage",
     "Prints every version that was trained: when, on which rows, from which parent, and how it "
     "was judged.",
     NULL,
     0,
     0,
     {TEND_OPTION_STATE, TEND_OPTION_MODEL, TEND_OPTION_JSON, TEND_OPTION_QUIET, TEND_OPTION_HELP,
      NO_MORE},
     versions_examples,
     tend__cmd_versions,
     false},
    {"demo",
     "[DATA]",
     "Six months of real flights through the whole loop",
     "Plays six months of US flights as if live, with one upstream break that it injects and says "
     "so, and tells what tend "
     "found, what was at stake and what it did, in money. DATA is flights-3m.parquet (default: "
     ".deps/data).",
     NULL,
     0,
     1,
     {TEND_OPTION_KEEP, TEND_OPTION_HTML, TEND_OPTION_SEED, TEND_OPTION_JSON, TEND_OPTION_QUIET,
      READING, TEND_OPTION_HELP, NO_MORE},
     demo_examples,
     tend__cmd_demo,
     false},
    {"config",
     "",
     "Check tend.yaml and say what it means",
     "Reads the configuration, points at the line and column of what is wrong, and prints the "
     "canonical form and its "
     "hash. --help lists every key with its type, bounds and default.",
     NULL,
     0,
     0,
     {TEND_OPTION_CONFIG, TEND_OPTION_JSON, TEND_OPTION_QUIET, TEND_OPTION_HELP, NO_MORE},
     config_examples,
     tend__cmd_config,
     false},
    {"completion",
     "SHELL",
     "Print shell completion: bash, zsh or fish",
     "Prints a script that completes commands, options and files in bash, zsh or fish.",
     shells,
     1,
     1,
     {TEND_OPTION_HELP, NO_MORE},
     completion_examples,
     tend__cmd_completion,
     false},
    {"man",
     "",
     "Print the manual page",
     "Prints the manual page tend(1) in man(7) macros.",
     NULL,
     0,
     0,
     {TEND_OPTION_HELP, NO_MORE},
     man_examples,
     tend__cmd_man,
     false},
    {"help",
     "[COMMAND]",
     "Show help",
     "The same as --help.",
     NULL,
     0,
     1,
     {TEND_OPTION_HELP, NO_MORE},
     NULL,
     tend__cmd_help,
     true},
};

const struct tend__command *tend__commands(size_t *count)
{
    *count = TEND_ARRAY_LEN(commands);
    return commands;
}

const struct tend__option *tend__option_by_id(enum tend__option_id id)
{
    return &options[id];
}

const struct tend__command *tend__command_find(const char *name)
{
    for (size_t i = 0; i < TEND_ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

size_t tend__command_option_count(const struct tend__command *command)
{
    size_t count = 0;
    while (count < TEND_COMMAND_OPTION_MAX && command->options[count] != TEND_OPTION_COUNT) {
        count++;
    }
    return count;
}
