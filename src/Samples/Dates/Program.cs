// Dates in words into ISO form: an encoder, a decoder with attention, and decoding that looks at each character before it writes the next one.
using System.Globalization;
using BlasNet;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

const string Letters = "^$ ,-./0123456789ADFJMNOSabcceghilmnoprstuvwy";   // ^ begins, $ ends a text
const int Size = 48;

var random = new Random(1);
(string Words, string Iso)[] dates = [.. Enumerable.Range(0, 3000).Select(_ => NewDate())], unseen = [.. Enumerable.Range(0, 200).Select(_ => NewDate())];

using var model = new Model(seed: 1);
var letters = new Embedding(model, "letters", Size, Letters.Length);
var encoder = BidirectionalSequence.OfLstm(model, "encoder", Size, Size / 2);
var decoder = new Lstm(model, "decoder", Size, Size);
var attention = new Attention(model, "attention", Size, Size);
var output = new Linear(model, "output", Letters.Length, 2 * Size);

// Scores of the next character: from the state, and from what it attends to among the encoder's states.
Expr Scores(Expr states, Expr state) => output.Apply(Concatenate(state, attention.Apply(state, states)));

// ONE date. In training the characters written are known.
Expr Loss(Graph g, (string Words, string Iso) date)
{
    Expr states = encoder.Run(letters.Of(g, Encode(date.Words)));
    int[] written = Encode(date.Iso);
    Expr loss = g.Constant(0);
    LstmState state = decoder.Start(letters.Of(g, written[0]));
    for (int i = 1; i < written.Length; i++)
    {
        loss += CrossEntropy(Scores(states, state.H), g.Index(written[i]));
        state = decoder.Step(letters.Of(g, written[i]), state);
    }

    return loss;
}

// In use each character has to be looked at: all dates go on together, and each ends where it ends.
async ExprTask<string> Translate(Graph g, string words)
{
    Expr states = encoder.Run(letters.Of(g, Encode(words)));
    LstmState state = decoder.Start(letters.Of(g, Letters.IndexOf('^')));
    string iso = "";
    while (iso.Length < 20)
    {
        int letter = (await Scores(states, state.H)).ArgMax();
        if (Letters[letter] == '$')
            break;

        iso += Letters[letter];
        state = decoder.Step(letters.Of(g, letter), state);
    }

    return iso;
}

var trainer = new Trainer<(string, string)>(model, Loss, new Adam(0.005) { ClipNorm = 5 });
var translator = new Evaluator<string, string>(model, Translate);
int epochs = args is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 12;
for (int epoch = 1; epoch <= epochs; epoch++)
{
    double loss = trainer.Epoch(dates);
    string[] found = translator.Run([.. unseen.Select(date => date.Words)]);
    double right = unseen.Zip(found).Average(pair => pair.First.Iso.Trim('^', '$') == pair.Second ? 1.0 : 0);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"epoch {epoch}: loss {loss:F3}, {right:P1} of unseen dates right"));
}

foreach (string words in new[] { "3 March 1987", "Oct 12, 2021", "07/04/1999" })
    Console.WriteLine($"{words,-16} {translator.Run(words)}");

(string Words, string Iso) NewDate()
{
    DateTime date = new DateTime(1950, 1, 1).AddDays(random.Next(40_000));
    string[] forms = ["d MMMM yyyy", "MMM d, yyyy", "MMMM d yyyy", "MM/dd/yyyy", "d MMM yyyy"];
    return (date.ToString(forms[random.Next(forms.Length)], CultureInfo.InvariantCulture), $"^{date:yyyy-MM-dd}$");
}

int[] Encode(string text) => [.. text.Select(letter => Math.Max(0, Letters.IndexOf(letter)))];
