// Says whether a review is good or bad. Give a file of your own as the first argument: a label, a tabulator and a text on each line.
using BlasNet.Datasets;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

string file = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "reviews.txt");
(string Label, string[] Words)[] lines = [.. File.ReadLines(file).Select(line => line.Split('\t')).Select(parts => (parts[0], Words(parts[1])))];
string[] labels = [.. lines.Select(line => line.Label).Distinct().Order()];
var vocabulary = Vocabulary.Build(lines.SelectMany(line => line.Words));
Review[] reviews = [.. lines.Select(line => new Review(vocabulary.Encode(line.Words), Array.IndexOf(labels, line.Label)))];

using var model = new Model(seed: 1);
var words = new Embedding(model, "words", size: 32, vocabulary: vocabulary.Count);
var reader = BidirectionalSequence.OfLstm(model, "reader", inputs: 32, hidden: 16);
var output = new Linear(model, "output", outputs: labels.Length, inputs: 32);

// ONE text, of any length.
Expr Scores(Graph g, int[] text) => output.Apply(Dropout(MeanColumns(reader.Run(words.Of(g, text))), 0.3));

var trainer = new Trainer<Review>(model, (g, review) => CrossEntropy(Scores(g, review.Words), review.Label), new AdamW(0.01)) { OptimizationBatch = 8 };
for (int epoch = 1; epoch <= 25; epoch++)
{
    double loss = trainer.Epoch(reviews);
    if (epoch % 5 == 0)
        Console.WriteLine($"epoch {epoch}: mean loss {loss:F3}");
}

var evaluator = new Evaluator<int[]>(model, Scores);
foreach (string text in new[] { "a warm and clever story", "a dull plot and far too long", "I would watch it again" })
{
    double[] scores = evaluator.Predict(vocabulary.Encode(Words(text)));
    Console.WriteLine($"{labels[Array.IndexOf(scores, scores.Max())]}: {text}");
}

static string[] Words(string text) => text.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);

internal sealed record Review(int[] Words, int Label);
