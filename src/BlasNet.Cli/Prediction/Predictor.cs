using System.Numerics.Tensors;
using BlasNet.Cli.CommandLine;
using BlasNet.Serving;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>A saved model at work: predictions line by line, and how good they are on data that says what is right.</summary>
internal abstract class Predictor : IDisposable
{
    private static readonly Dictionary<string, Func<ModelCard, Predictor>> Kinds = new()
    {
        ["tagger"] = card => new TaggerPredictor(card, spell: false),
        ["tagger-char"] = card => new TaggerPredictor(card, spell: true),
        ["tree"] = card => new TreePredictor(card),
        ["lm"] = card => new LanguagePredictor(card),
        ["digits"] = card => new DigitPredictor(card),
        ["parser"] = card => new ParserPredictor(card),
    };

    /// <param name="model">With all its parameters; null for one that is yet to be filled.</param>
    protected Predictor(Model? model) => Model = model ?? new Model();

    /// <summary>Makes the model of a file, or of a folder, and loads its parameters.</summary>
    /// <exception cref="CommandException">The file is none that <c>train --save</c> has written, or damaged.</exception>
    /// <exception cref="IOException">The folder has no model that can be read.</exception>
    public static Predictor Open(string file)
    {
        if (Directory.Exists(file))
        {
            return TextModelFolder.IsTagger(file)
                ? new PretrainedTaggerPredictor(TextTagger.Load(file)) : new ClassifierPredictor(TextClassifier.Load(file));
        }

        ModelCard card = ModelCard.Read(file);
        if (!Kinds.TryGetValue(card.Kind, out Func<ModelCard, Predictor>? create))
            throw new CommandException($"{file}: is a model of the kind '{card.Kind}'; those of {string.Join(", ", Kinds.Keys)} can be used.");

        try
        {
            Predictor predictor = create(card);
            predictor.Model.Load(file);
            predictor.Model.RequireFinite();
            return predictor;
        }
        catch (Exception e) when (e is SafetensorsException or ArgumentException or ArithmeticException)
        {
            throw new CommandException(e is SafetensorsException ? e.Message : $"{file}: {e.Message}");
        }
    }

    /// <summary>With all its parameters.</summary>
    public Model Model { get; }

    /// <summary>Predicts for each line, in order.</summary>
    /// <param name="lines">One example each. One that begins with a brace is JSON; an empty one gives an empty line, or null.</param>
    /// <param name="source">Their name, for errors.</param>
    /// <param name="output">Receives a line for each.</param>
    /// <param name="json">Whether these are JSON.</param>
    /// <param name="cancellation">Ends the work between two passes.</param>
    /// <exception cref="CommandException">A line is not an example.</exception>
    public abstract void Predict(IEnumerable<string> lines, string source, TextWriter output, bool json, CancellationToken cancellation);

    /// <summary>Measures the model on data of the format that it was trained with.</summary>
    /// <returns>By name; <c>examples</c> is how many there were.</returns>
    public abstract IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation);

    /// <summary>An example as a JSON object, of the usual kind, to warm the model up and to show.</summary>
    public abstract string Sample { get; }

    /// <summary>The same model for requests that come one by one; disposed with it.</summary>
    public abstract BatchModel<string, string> ToBatchModel();

    public void Dispose() => Model.Dispose();
}

/// <summary>What predictors have in common.</summary>
/// <typeparam name="TInput">An example as a line says it.</typeparam>
/// <typeparam name="TExample">An example as the model takes it.</typeparam>
/// <param name="model">With all its parameters; null for one that is yet to be filled.</param>
internal abstract class Predictor<TInput, TExample>(Model? model = null) : Predictor(model)
{
    /// <summary>Evaluates the function that tells the prediction.</summary>
    protected abstract Evaluator<TExample> Evaluator { get; }

    public override BatchModel<string, string> ToBatchModel() =>
        new ServedPredictor<(TInput Input, TExample Example)>(this, Read, (items, answer) => Evaluator.Run(
            [.. items.Select(item => item.Example)], (i, value) => answer(i, ToJson(items[i].Input, value))));

    public override void Predict(IEnumerable<string> lines, string source, TextWriter output, bool json, CancellationToken cancellation)
    {
        Queue<int> emptyBefore = [];   // by input
        int empty = 0;
        Run(Inputs(), Encode, Write, cancellation);
        WriteEmpty(empty);
        output.Flush();

        IEnumerable<TInput> Inputs()
        {
            long number = 0;
            foreach (string line in lines)
            {
                number++;
                if (string.IsNullOrWhiteSpace(line))
                {
                    empty++;
                    continue;
                }

                TInput input = Read(line, $"{source}:{number}");
                emptyBefore.Enqueue(empty);
                empty = 0;
                yield return input;
            }
        }

        void Write(TInput input, ReadOnlySpan<float> value)
        {
            WriteEmpty(emptyBefore.Dequeue());
            output.WriteLine(json ? ToJson(input, value) : ToText(input, value));
        }

        void WriteEmpty(int count)
        {
            for (; count > 0; count--)
                output.WriteLine(json ? "null" : "");
        }
    }

    private (TInput Input, TExample Example) Read(string line)
    {
        TInput input = Read(line, "The request");
        return (input, Encode(input));
    }

    /// <exception cref="CommandException">The text is not an example.</exception>
    protected abstract TInput Parse(string text);

    /// <exception cref="CommandException">The object is not an example.</exception>
    protected abstract TInput Parse(JsonLine line);

    protected abstract TExample Encode(TInput input);

    protected abstract string ToText(TInput input, ReadOnlySpan<float> value);

    protected abstract string ToJson(TInput input, ReadOnlySpan<float> value);

    /// <summary>Of groups of scores, one after another, the class of each that has the largest one.</summary>
    protected static int[] ClassesOf(ReadOnlySpan<float> scores, int classes)
    {
        int[] largest = new int[scores.Length / classes];
        for (int i = 0; i < largest.Length; i++)
            largest[i] = TensorPrimitives.IndexOfMax(scores.Slice(i * classes, classes));

        return largest;
    }

    /// <summary>The softmax of scores; no exponential overflows.</summary>
    protected static float[] ProbabilitiesOf(ReadOnlySpan<float> scores)
    {
        float[] probabilities = new float[scores.Length];
        TensorPrimitives.Subtract(scores, TensorPrimitives.Max(scores), probabilities);
        TensorPrimitives.SoftMax<float>(probabilities, probabilities);
        return probabilities;
    }

    /// <summary>Evaluates examples as they are read, and hands each over with its value.</summary>
    /// <returns>How many there were.</returns>
    protected long Run(IEnumerable<TExample> examples, Action<TExample, ReadOnlySpan<float>> handler, CancellationToken cancellation) =>
        Run(examples, example => example, handler, cancellation);

    private long Run<TItem>(
        IEnumerable<TItem> items, Func<TItem, TExample> encode, Action<TItem, ReadOnlySpan<float>> handler, CancellationToken cancellation)
    {
        var waiting = new Queue<TItem>();
        long count = 0;
        Evaluator.Run(items.Select(item =>
        {
            waiting.Enqueue(item);
            return encode(item);
        }), (_, value) =>
        {
            handler(waiting.Dequeue(), value);
            count++;
        }, cancellation);
        return count;
    }

    private TInput Read(string line, string place)
    {
        try
        {
            return line.AsSpan().TrimStart().StartsWith('{') ? Parse(JsonLine.Of(line)) : Parse(line);
        }
        catch (Exception e) when (e is CommandException or Datasets.DataFormatException or ArgumentException)
        {
            throw new CommandException($"{place}: {e.Message}");
        }
    }
}
