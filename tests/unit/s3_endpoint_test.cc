#include "backends/s3_endpoint.h"

#include <gtest/gtest.h>

namespace brimfs {
namespace {

using Addressing = S3Place::Addressing;

std::string UrlOf(const S3Place& place, std::string_view region, std::string_view bucket) {
  EXPECT_TRUE(CheckPlace(place).ok()) << CheckPlace(place).message();
  if (!bucket.empty()) {
    EXPECT_TRUE(CheckBucketName(bucket).ok()) << bucket;
  }
  return BucketUrl(place, region, bucket).ToString();
}

S3Place At(std::string endpoint, Addressing addressing = Addressing::kAuto) {
  S3Place place;
  place.endpoint = std::move(endpoint);
  place.addressing = addressing;
  return place;
}

TEST(S3EndpointTest, OnAwsTheBucketIsPartOfTheHost) {
  EXPECT_EQ(UrlOf({}, "eu-central-1", "data"), "https://data.s3.eu-central-1.amazonaws.com/");
  EXPECT_EQ(UrlOf({}, "cn-north-1", "data"), "https://data.s3.cn-north-1.amazonaws.com.cn/");
}

TEST(S3EndpointTest, ABucketThatNoCertificateCoversIsPartOfThePath) {
  EXPECT_EQ(UrlOf({}, "us-east-1", "www.example.org"),
            "https://s3.us-east-1.amazonaws.com/www.example.org/");
  EXPECT_EQ(UrlOf({}, "us-east-1", "Old_Bucket"), "https://s3.us-east-1.amazonaws.com/Old_Bucket/");
}

TEST(S3EndpointTest, AnotherServerHasTheBucketInThePath) {
  EXPECT_EQ(UrlOf(At("http://127.0.0.1:7480"), "us-east-1", "data"), "http://127.0.0.1:7480/data/");
  EXPECT_EQ(UrlOf(At("https://gate.example.org/s3"), "r", "data"),
            "https://gate.example.org/s3/data/");
}

TEST(S3EndpointTest, AnAwsEndpointIsTreatedAsAws) {
  EXPECT_EQ(UrlOf(At("https://s3.eu-west-1.amazonaws.com"), "eu-west-1", "data"),
            "https://data.s3.eu-west-1.amazonaws.com/");
  EXPECT_EQ(UrlOf(At("https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com"), "r", "data"),
            "https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com/data/");
}

TEST(S3EndpointTest, AddressingIsAsTheUserSays) {
  EXPECT_EQ(UrlOf(At("http://s3.example.org:9000", Addressing::kVirtual), "r", "data"),
            "http://data.s3.example.org:9000/");
  EXPECT_EQ(UrlOf(At("", Addressing::kPath), "us-west-2", "data"),
            "https://s3.us-west-2.amazonaws.com/data/");
}

TEST(S3EndpointTest, TheServiceHasNoBucket) {
  EXPECT_EQ(UrlOf({}, "us-east-1", ""), "https://s3.us-east-1.amazonaws.com/");
  EXPECT_EQ(UrlOf(At("http://h:1", Addressing::kVirtual), "r", ""), "http://h:1/");
}

TEST(S3EndpointTest, DualStackFipsAndAccelerateAreOtherHosts) {
  S3Place place;
  place.dualstack = true;
  EXPECT_EQ(UrlOf(place, "us-east-2", "data"),
            "https://data.s3.dualstack.us-east-2.amazonaws.com/");
  place.fips = true;
  EXPECT_EQ(UrlOf(place, "us-east-2", "data"),
            "https://data.s3-fips.dualstack.us-east-2.amazonaws.com/");
  place = {};
  place.accelerate = true;
  EXPECT_EQ(UrlOf(place, "us-east-2", "data"), "https://data.s3-accelerate.amazonaws.com/");
  place.dualstack = true;
  EXPECT_EQ(UrlOf(place, "us-east-2", "data"),
            "https://data.s3-accelerate.dualstack.amazonaws.com/");
}

TEST(S3EndpointTest, AnAccessPointIsAHostOfItsOwn) {
  const std::string arn = "arn:aws:s3:us-west-2:123456789012:accesspoint:reports";
  EXPECT_EQ(RegionOfBucketName(arn), "us-west-2");
  EXPECT_EQ(UrlOf({}, "us-west-2", arn),
            "https://reports-123456789012.s3-accesspoint.us-west-2.amazonaws.com/");
  EXPECT_TRUE(CheckBucketName("arn:aws:s3:us-west-2:123456789012:accesspoint/reports").ok());
  EXPECT_FALSE(CheckBucketName("arn:aws:s3:us-west-2:123456789012:bucket/reports").ok());
  EXPECT_FALSE(CheckBucketName("arn:aws:s3:us-west-2:1/../x:accesspoint:reports").ok());
  EXPECT_EQ(RegionOfBucketName("data"), "");
}

TEST(S3EndpointTest, WhatIsNoNameOfABucketIsRefused) {
  for (const char* const name : {"", "ab", "a..b", "a b", "bucket@host", "a/b", "a:b"}) {
    EXPECT_EQ(CheckBucketName(name).code(), Code::kInvalidArgument) << name;
  }
}

TEST(S3EndpointTest, WhatCannotBeCombinedIsRefused) {
  S3Place place = At("http://127.0.0.1:1");
  place.fips = true;
  EXPECT_EQ(CheckPlace(place).code(), Code::kInvalidArgument);
  place = At("", Addressing::kPath);
  place.accelerate = true;
  EXPECT_EQ(CheckPlace(place).code(), Code::kInvalidArgument);
  EXPECT_EQ(CheckPlace(At("minio.example.org")).code(), Code::kInvalidArgument);
  EXPECT_EQ(CheckPlace(At("http://user:secret@host")).code(), Code::kInvalidArgument);
}

TEST(S3EndpointTest, OnlyTheSameOperatorMaySeeWhatWasSigned) {
  EXPECT_TRUE(MayRedirectTo({}, "data.s3.eu-west-1.amazonaws.com"));
  EXPECT_FALSE(MayRedirectTo({}, "amazonaws.com.example.org"));
  EXPECT_FALSE(MayRedirectTo({}, "evilamazonaws.com"));
  EXPECT_TRUE(MayRedirectTo(At("http://s3.example.org"), "s3.example.org"));
  EXPECT_TRUE(MayRedirectTo(At("http://s3.example.org"), "data.s3.example.org"));
  EXPECT_FALSE(MayRedirectTo(At("http://s3.example.org"), "example.org"));
}

}  // namespace
}  // namespace brimfs
