using BlasNet.Serving;
using BlasNet.Text;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Scalar.AspNetCore;
using WebService;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddOpenApi();
builder.Services.AddBlasNetModel<Question, Answer>(_ => TopicClassifier.Train(), served =>
{
    served.Batching = new BatchingOptions<Question> { Name = "topics", QueueLimit = 1000 };
    served.WarmUp = [new Question("Will it rain?"), new Question("The train to the island leaves at noon, and our bags are packed.")];
});

// The folder of a pretrained encoder, see BlasNet.Text: --encoder FOLDER, or the environment's ENCODER.
string? encoder = builder.Configuration["encoder"];
if (encoder is not null)
{
    builder.Services.AddBlasNetModel<EmbeddingQuestion, float[]>(_ => new TextEmbeddings(TextEncoder.Load(encoder)), served =>
    {
        served.Batching = new BatchingOptions<EmbeddingQuestion> { Name = "embeddings", Cost = question => question.Text.Length, MaxBatchCost = 20_000 };
        served.WarmUp = [new EmbeddingQuestion("Will it rain?")];
    });
}

WebApplication app = builder.Build();
app.MapOpenApi();
app.MapScalarApiReference("/docs");   // the page of the OpenAPI document
app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
app.MapHealthChecks("/health/ready");
app.MapBlasNetModel<Question, Answer>("/classify").WithSummary("What a text is about: weather, food or travel.");
if (encoder is not null)
    app.MapBlasNetModel<EmbeddingQuestion, float[]>("/embed").WithSummary("A text's vector.");

app.Run();
