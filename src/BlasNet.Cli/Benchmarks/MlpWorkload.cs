using BlasNet.Cli.Recognition;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Benchmarks;

/// <summary>784-512-512-10, softmax cross-entropy, SGD, float32, synthetic pixels: the usual network for images of MNIST's size.</summary>
internal static class MlpWorkload
{
    public const string Name = "mlp";

    public const string Description = "A perceptron 784-512-512-10 with softmax cross-entropy and SGD, on synthetic pixels.";

    private const int Pixels = 784, Hidden = 512;

    public static Workload Create(WorkloadOptions options)
    {
        var model = new Model(options.Seed);
        var classifier = new DigitClassifier(model, Pixels, [Hidden, Hidden]);
        return new Workload<Digit>(
            model, classifier.Loss, lossByLoops: null, new Sgd(0.01), NewExamples(options.Limit, options.Seed), options,
            _ => ModelFlops.OfPerceptron(Pixels, Hidden, Hidden, Digits.Classes));
    }

    private static Digit[] NewExamples(int count, int seed)
    {
        var random = new RandomNumbers((ulong)seed, "pixels");
        var digits = new Digit[count];
        for (int i = 0; i < count; i++)
        {
            var pixels = new float[Pixels];
            foreach (ref float pixel in pixels.AsSpan())
                pixel = (float)random.NextUniform();

            digits[i] = new Digit(pixels, i % Digits.Classes);
        }

        return digits;
    }
}
