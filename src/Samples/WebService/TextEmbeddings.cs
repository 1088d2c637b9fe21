using BlasNet.Serving;
using BlasNet.Text;

namespace WebService;

/// <summary>A text whose vector is wanted.</summary>
internal sealed record EmbeddingQuestion(string Text);

/// <summary>The vectors of texts by a pretrained encoder: a batch model of one's own.</summary>
internal sealed class TextEmbeddings(TextEncoder encoder) : BatchModel<EmbeddingQuestion, float[]>
{
    public override void Compute(Batch<EmbeddingQuestion, float[]> batch)
    {
        float[][] vectors = encoder.Embed(Array.ConvertAll(batch.Examples.ToArray(), question => question.Text));
        for (int i = 0; i < vectors.Length; i++)
            batch.SetResult(i, vectors[i]);
    }

    protected override void Dispose(bool isDisposing)
    {
        encoder.Dispose();
        base.Dispose(isDisposing);
    }
}
