// Computes nested lists such as [MAX 2 [SM 9 7]] by a Tree-LSTM: trees of all shapes, each written as one example.
using BlasNet.Datasets;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

var lists = new ListOps(seed: 1, maxDepth: 4, maxArguments: 3);
Example[] all = [.. lists.Take(1200).Select(list => Example.Of(ListOps.Binarize(list)))];
(Example[] train, Example[] test) = (all[..1000], all[1000..]);

using var model = new Model(seed: 1);
int symbols = ListOps.Symbols.Count;
var words = new Embedding(model, "words", size: 48, vocabulary: symbols);
var cell = new TreeLstm(model, "cell", inputs: 48, hidden: 48);
var output = new Linear(model, "output", outputs: symbols, inputs: 48);

// ONE tree: a column of scores for each of its nodes.
Expr Scores(Graph g, Example tree) => output.Apply(cell.Run(words.Of(g, tree.Words), tree.Structure).H);

var trainer = new Trainer<Example>(model, (g, tree) => Sum(CrossEntropy(Scores(g, tree), tree.Labels)), new Adam(0.005)) { OptimizationBatch = 32 };
var evaluator = new Evaluator<Example>(model, Scores);
for (int epoch = 1; epoch <= 6; epoch++)
{
    double loss = trainer.Epoch(train);
    var accuracy = new Accuracy();
    evaluator.Run(test, (i, scores) => accuracy.Add(test[i].Labels[^1], scores[^symbols..]));   // the root is the last node
    Console.WriteLine($"epoch {epoch}: mean loss {loss:F2}, {accuracy.Value:P0} of the lists of the test right");
}

/// <summary>Children before parents: the index of each leaf's word, and each node's label.</summary>
internal sealed record Example(int[] Words, int[] Labels, Dag Structure)
{
    public static Example Of(Tree tree)
    {
        List<int> words = [], labels = [], left = [], right = [];
        tree.Fold<int>((node, children) =>
        {
            if (node.Word is { } word)
                words.Add(ListOps.Symbols.IndexOf(word));

            labels.Add(ListOps.Symbols.IndexOf(node.Label));
            left.Add(node.IsLeaf ? -1 : children[0]);
            right.Add(node.IsLeaf ? -1 : children[1]);
            return labels.Count - 1;
        });
        return new Example([.. words], [.. labels], Dag.Binary([.. left], [.. right]));
    }
}
