using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Measures, against their definitions over all predictions at once.</summary>
public sealed class MeasureTests
{
    private const int Classes = 4;

    // Actual and predicted; −1 is a class that the model does not know, 3 never occurs.
    private static readonly (int Actual, int Predicted)[] Predictions =
        [(0, 0), (0, 1), (1, 1), (1, 1), (2, 1), (2, 2), (0, 0), (-1, 2), (1, 0), (2, 2), (-1, 0), (0, 0)];

    [Fact]
    public void A_confusion_matrix_counts_pairs_and_gives_precision_recall_and_f1()
    {
        var matrix = new ConfusionMatrix(Classes);
        foreach ((int actual, int predicted) in Predictions)
            matrix.Add(actual, predicted);

        Assert.Equal(Predictions.Length, matrix.Count);
        Assert.Equal(Part(p => p.Actual == p.Predicted, _ => true), matrix.Accuracy);
        for (int kind = 0; kind < Classes; kind++)
        {
            for (int predicted = 0; predicted < Classes; predicted++)
                Assert.Equal(Predictions.Count(p => p == (kind, predicted)), matrix[kind, predicted]);

            double precision = Part(p => p.Actual == kind, p => p.Predicted == kind), recall = Part(p => p.Predicted == kind, p => p.Actual == kind);
            Assert.Equal(precision, matrix.Precision(kind));
            Assert.Equal(recall, matrix.Recall(kind));
            Assert.Equal(2 / (1 / precision + 1 / recall), matrix.F1(kind), 1e-12);
        }

        Assert.Equal(Enumerable.Range(0, 3).Average(matrix.F1), matrix.MacroF1, 1e-12);
        Assert.Equal(double.NaN, matrix.F1(3));
    }

    [Fact]
    public void Parts_counted_separately_add_up()
    {
        (ConfusionMatrix Matrix, Accuracy Accuracy, RootMeanSquareError Error, Perplexity Perplexity) all = New(), first = New(), second = New();
        for (int i = 0; i < Predictions.Length; i++)
        {
            foreach (var part in new[] { all, i < 5 ? first : second })
            {
                part.Matrix.Add(Predictions[i].Actual, Predictions[i].Predicted);
                part.Accuracy.Add(Predictions[i].Actual == Predictions[i].Predicted);
                part.Error.Add(i, 2 * i);
                part.Perplexity.Add(i, 2);
            }
        }

        first.Matrix.Add(second.Matrix);
        first.Accuracy.Add(second.Accuracy);
        first.Error.Add(second.Error);
        first.Perplexity.Add(second.Perplexity);
        Assert.Equal((all.Matrix.Accuracy, all.Matrix.MacroF1, all.Matrix.Count), (first.Matrix.Accuracy, first.Matrix.MacroF1, first.Matrix.Count));
        Assert.Equal((all.Accuracy.Right, all.Accuracy.Count, all.Matrix.Accuracy), (first.Accuracy.Right, first.Accuracy.Count, first.Accuracy.Value));
        Assert.Equal(Math.Sqrt(Enumerable.Range(0, Predictions.Length).Average(i => (double)i * i)), first.Error.Value, 1e-12);
        Assert.Equal(Math.Exp(Enumerable.Range(0, Predictions.Length).Sum() / (2.0 * Predictions.Length)), first.Perplexity.Value, 1e-12);

        static (ConfusionMatrix, Accuracy, RootMeanSquareError, Perplexity) New() => (new(Classes), new(), new(), new());
    }

    [Fact]
    public void The_largest_score_is_the_prediction_and_the_first_of_equal_ones()
    {
        var (accuracy, matrix) = (new Accuracy(), new ConfusionMatrix(3));
        Assert.True(accuracy.Add(1, [0.1f, 0.7f, 0.2f]));
        Assert.False(accuracy.Add(2, [0.5, 0.1, 0.5]));
        Assert.False(accuracy.Add(-1, [0.5f, 0.1f, 0.5f]));
        Assert.Equal(1 / 3.0, accuracy.Value);
        matrix.Add(1, [0.1f, 0.7f, 0.2f]);
        matrix.Add(2, [0.5, 0.1, 0.5]);
        Assert.Equal((1, 1), (matrix[1, 1], matrix[2, 0]));
    }

    [Fact]
    public void Of_nothing_every_measure_is_undefined()
    {
        Assert.Equal(double.NaN, new Accuracy().Value);
        Assert.Equal(double.NaN, new ConfusionMatrix(2).Accuracy);
        Assert.Equal(double.NaN, new ConfusionMatrix(2).MacroF1);
        Assert.Equal(double.NaN, new RootMeanSquareError().Value);
        Assert.Equal(double.NaN, new Perplexity().Value);
    }

    [Fact]
    public void Numbers_of_several_outputs_count_one_by_one()
    {
        var error = new RootMeanSquareError();
        error.Add([1f, 2], [0f, 4]);
        error.Add([1.0], [3.0]);
        Assert.Equal(Math.Sqrt((1 + 4 + 4) / 3.0), error.Value, 1e-12);
        Assert.Equal("2 numbers were predicted, and 1 are given.", Assert.Throws<ArgumentException>(() => error.Add([1f, 2], [1f])).Message);
    }

    [Fact]
    public void What_is_no_class_is_refused()
    {
        var matrix = new ConfusionMatrix(2);
        Assert.Equal("classes", Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionMatrix(0)).ParamName);
        Assert.Equal("actual", Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Add(2, 0)).ParamName);
        Assert.Equal("actual", Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Add(-2, 0)).ParamName);
        Assert.Equal("predicted", Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Add(0, [1f, 2, 3])).ParamName);
        Assert.Equal("predictions", Assert.Throws<ArgumentOutOfRangeException>(() => new Perplexity().Add(1, -1)).ParamName);
        Assert.Throws<ArgumentException>(() => matrix.Add(new ConfusionMatrix(3)));
        Assert.Equal(0, matrix.Count);
    }

    // Of those of whom the condition holds, the part for which the other does.
    private static double Part(Func<(int Actual, int Predicted), bool> counted, Func<(int Actual, int Predicted), bool> among) =>
        (double)Predictions.Count(p => among(p) && counted(p)) / Predictions.Count(among);
}
