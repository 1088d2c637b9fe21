using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Labels trees: one in brackets, or <c>{"tree": "(…)"}</c>, comes back with the predicted labels, binary; as JSON with the root's, too.</summary>
/// <remarks>The labels that are there do not matter, but there must be some.</remarks>
internal sealed class TreePredictor : Predictor<Tree, LabelledTree>
{
    private readonly TreeCoding _coding;

    public TreePredictor(ModelCard card)
    {
        _coding = new TreeCoding(card.VocabularyOf("words"), card.VocabularyOf("labels"));
        var classifier = new TreeClassifier(Model, new TreeSizes(_coding.Words.Count, _coding.Labels.Count, card.SizeOf("embedding"), card.SizeOf("hidden")));
        Evaluator = new Evaluator<LabelledTree>(Model, classifier.Scores);
    }

    public override string Sample => """{"tree": "(0 (0 It) (0 works))"}""";

    protected override Evaluator<LabelledTree> Evaluator { get; }

    public override IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation)
    {
        var (confusion, roots) = (new ConfusionMatrix(_coding.Labels.Count), new Accuracy());
        long trees = Run(TreeFile.Read(data).Select(tree => _coding.Encode(tree.Binarize())), (tree, scores) =>
        {
            int classes = confusion.Classes;
            for (int i = 0; i < tree.Labels.Length; i++)
                confusion.Add(tree.Labels[i], scores.Slice(i * classes, classes));

            roots.Add(tree.Labels[^1], scores[^classes..]);
        }, cancellation);
        return
        [
            new("examples", trees), new("nodes", confusion.Count), new("accuracy", confusion.Accuracy), new("root_accuracy", roots.Value),
            new("macro_f1", confusion.MacroF1),
        ];
    }

    protected override Tree Parse(string text) => Tree.Parse(text).Binarize();

    protected override Tree Parse(JsonLine line) => Parse(line.Text("tree"));

    protected override LabelledTree Encode(Tree input) => _coding.Encode(input);

    protected override string ToText(Tree input, ReadOnlySpan<float> value) => Labelled(input, value).ToString();

    protected override string ToJson(Tree input, ReadOnlySpan<float> value)
    {
        Tree labelled = Labelled(input, value);
        return JsonLine.Write(json =>
        {
            json.WriteString("label", labelled.Label);
            json.WriteString("tree", labelled.ToString());
        });
    }

    // The scores are in the order of the nodes, children before parents.
    private Tree Labelled(Tree tree, ReadOnlySpan<float> scores)
    {
        int[] labels = ClassesOf(scores, _coding.Labels.Count);
        int next = 0;
        return tree.Fold<Tree>((node, children) =>
        {
            string label = _coding.Labels.WordAt(labels[next++]);
            return node.Word is { } word ? Tree.Leaf(label, word) : Tree.Node(label, children);
        });
    }
}
